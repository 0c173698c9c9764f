#include "analysis/student.h"

#include <math.h>

/* P(|T| <= t): the finite series of Abramowitz and Stegun 26.7.3 (odd) and 26.7.4 (even), theta = atan(t/sqrt(n)). */
static double within(int freedom, double t)
{
    double theta = atan(t / sqrt((double)freedom)), c = cos(theta), c2 = c * c, term, sum;

    if (freedom % 2 == 0) {
        term = sum = 1.0;
        for (int k = 2; k <= freedom - 2; k += 2)
            sum += term *= c2 * (k - 1) / k;
        return sin(theta) * sum;
    }
    term = sum = freedom > 1 ? c : 0.0;
    for (int k = 3; k <= freedom - 2; k += 2)
        sum += term *= c2 * (k - 1) / k;
    return (theta + sin(theta) * sum) * M_2_PI;
}

double km_student_quantile(int freedom, double coverage)
{
    double low = 0.0, high = 1.0;

    while (within(freedom, high) < coverage)
        high *= 2.0;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        if (within(freedom, middle) < coverage)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}
