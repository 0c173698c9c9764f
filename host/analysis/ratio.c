#include "analysis/ratio.h"

#include "analysis/student.h"

#include <math.h>

bool km_ratio_make(const double *num, const double *den, int n, double least, km_ratio *r)
{
    double above = 0.0, below = 0.0;

    for (int i = 0; i < n; i++) {
        above += num[i];
        below += den[i];
    }
    if (!(below > least))
        return false;
    r->value = above / below;
    for (int i = 0; i < n; i++)
        r->residual[i] = (num[i] - r->value * den[i]) * n / below;
    return true;
}

double km_ratio_half_width(const double *residual, const double *rows, int n)
{
    double sum = 0.0, squares = 0.0;
    int k = 0;

    for (int i = 0; i < n; i++)
        if (rows[i] > 0.0) {
            sum += residual[i];
            k++;
        }
    if (k < 2)
        return (double)NAN;
    for (int i = 0; i < n; i++)
        if (rows[i] > 0.0)
            squares += (residual[i] - sum / k) * (residual[i] - sum / k);
    return km_student_quantile(k - 1, 0.95) * sqrt(squares / (k - 1.0) * k) / n;
}
