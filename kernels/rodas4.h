/* One step of Rodas4: six stages, order 4 with an embedded order 3, stiffly accurate, L-stable, linearly
 * implicit (one factorisation of 1/(gamma h) - J a step, no iteration).
 *
 * E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, 2nd ed. 1996, section IV.7; coefficients in the
 * transformed variables of that section.
 *
 * An integrator is one file and one row of the table in host/study/method.c. It keeps this contract:
 * - KM_IMPLICIT: 1 if it uses J and ft; else they are not computed, and km_step gives dy/dt at the step's end in f_end.
 * - KM_STEP_ROOT(e2): (error norm)^(-1/order) from the norm's square, where a step's error estimate goes with h^order.
 * - km_step(t, h, y, f, J, ft, c, u, t_end, dy, error, f_end, a, b, q): from states y and rates f at t, with constants c
 *   and infusions u, the increment dy of all states over h and an estimate of its error; for the states that outputs
 *   need (KM_DENSE) the coefficients of its own dense output
 *     y(x) = y0 (1-x) + x (y1 + (1-x) (a + x b)),  x = (t - t0)/h,
 *   which is used where the cubic through values and rates is no good, and, with KM_QUARTIC, what to add to that cubic:
 *   x^2 (1-x)^2 q. Times of stages are written KM_STAGE_TIME(t, part, h, t_end). */
#ifndef KM_RODAS4_H
#define KM_RODAS4_H

#define KM_IMPLICIT 1
#define KM_QUARTIC 0
#define KM_STEP_ROOT(e2) km_root8(e2) /* the error of a step goes with h^4 */

/* On vector lanes the stages are one loop: unrolled, a step is 100 kB of code, three times the instruction cache. One
 * lane (a GPU) needs constant indices, or its registers become memory. */
#if KM_LANES == 1
#define KM_ROLL _Pragma("unroll")
#else
#define KM_ROLL _Pragma("nounroll")
#endif
#define KM_EACH _Pragma("unroll") for (int i = 0; i < KM_N_STATES; i++)
#define KM_STAGES 6

static inline __attribute__((always_inline)) void km_step(const real t, const real h, const real *y, const real *f,
                                                          const real *J, const real *ft, const real *c, const real *u,
                                                          const real t_end, real *dy, real *error, real *f_end,
                                                          real *dense_a, real *dense_b, real *dense_q)
{
    const real ih = R(1.0) / h;
    real k[KM_STAGES + 1][KM_STATES], *w = k[KM_STAGES], lu[KM_N_LU], rate[KM_STATES];

    km_factor(J, R(4.0) * ih, c, lu);
    KM_EACH k[0][i] = f[i] KM_WITH_TIME(+R(0.25) * h * ft[i]);
    km_solve(J, c, lu, k[0]);

    KM_ROLL for (int s = 1; s < KM_STAGES; s++)
    {
        real part = KM_NUMBER(R(1.0));
        KM_WITH_TIME(real slope = KM_NUMBER(R(0.0))); /* the share of df/dt, in steps */

        switch (s) { /* where in the step and at which states w this stage asks for rates; what earlier ones add to them */
        case 1:
            part = KM_NUMBER(R(0.386));
            KM_WITH_TIME(slope = KM_NUMBER(R(-0.1043)));
            KM_EACH {
                w[i] = KM_FMA(KM_NUMBER(R(1.544)), k[0][i], y[i]);
                k[s][i] = R(-5.6688) * k[0][i];
            }
            break;
        case 2:
            part = KM_NUMBER(R(0.21));
            KM_WITH_TIME(slope = KM_NUMBER(R(0.1035)));
            KM_EACH {
                w[i] = KM_FMA(KM_NUMBER(R(0.2557011698983284)), k[1][i],
                              KM_FMA(KM_NUMBER(R(0.9466785280815826)), k[0][i], y[i]));
                k[s][i] = KM_FMA(KM_NUMBER(R(-0.2063599157091915)), k[1][i], R(-2.430093356833875) * k[0][i]);
            }
            break;
        case 3:
            part = KM_NUMBER(R(0.63));
            KM_WITH_TIME(slope = KM_NUMBER(R(-0.0362)));
            KM_EACH {
                w[i] = KM_FMA(KM_NUMBER(R(0.9986419139977817)), k[2][i],
                              KM_FMA(KM_NUMBER(R(2.896124015972201)), k[1][i],
                                     KM_FMA(KM_NUMBER(R(3.314825187068521)), k[0][i], y[i])));
                k[s][i] = KM_FMA(KM_NUMBER(R(-20.47028614809616)), k[2][i],
                                KM_FMA(KM_NUMBER(R(-9.594562251023355)), k[1][i], R(-0.1073529058151375) * k[0][i]));
            }
            break;
        case 4:
            KM_EACH {
                dy[i] = KM_FMA(KM_NUMBER(R(-0.6878860361058950)), k[3][i],
                               KM_FMA(KM_NUMBER(R(12.53708332932087)), k[2][i],
                                      KM_FMA(KM_NUMBER(R(6.019134481288629)), k[1][i], R(1.221224509226641) * k[0][i])));
                w[i] = y[i] + dy[i];
                k[s][i] = KM_FMA(KM_NUMBER(R(11.70890893206160)), k[3][i],
                                KM_FMA(KM_NUMBER(R(-33.99990352819905)), k[2][i],
                                       KM_FMA(KM_NUMBER(R(-10.24680431464352)), k[1][i], R(7.496443313967647) * k[0][i])));
            }
            break;
        default:
            KM_EACH {
                dy[i] += k[4][i];
                w[i] = y[i] + dy[i];
                k[s][i] = KM_FMA(KM_NUMBER(R(-6.058818238834054)), k[4][i],
                                KM_FMA(KM_NUMBER(R(16.31930543123136)), k[3][i],
                                       KM_FMA(KM_NUMBER(R(-31.52159432874371)), k[2][i],
                                              KM_FMA(KM_NUMBER(R(-7.981132988064893)), k[1][i],
                                                     R(8.083246795921522) * k[0][i]))));
            }
            break;
        }
        km_rates(KM_STAGE_TIME(t, part, h, t_end), w, c, u, rate);
        KM_EACH rate[i] = KM_FMA(ih, k[s][i], rate[i]) KM_WITH_TIME(+slope * h * ft[i]);
        km_solve(J, c, lu, rate);
        KM_EACH k[s][i] = rate[i];
    }
    KM_EACH {
        error[i] = k[KM_STAGES - 1][i];
        dy[i] += error[i];
    }

#define KM_DENSE_COEFFICIENTS(d, i)                                                                                      \
    dense_a[d] = KM_FMA(KM_NUMBER(R(10.12623508344586)), k[0][i],                                                        \
                        KM_FMA(KM_NUMBER(R(-7.487995877610167)), k[1][i],                                                \
                               KM_FMA(KM_NUMBER(R(-34.80091861555747)), k[2][i],                                         \
                                      KM_FMA(KM_NUMBER(R(-7.992771707568823)), k[3][i], R(1.025137723295662) * k[4][i])))); \
    dense_b[d] = KM_FMA(KM_NUMBER(R(-0.6762803392801253)), k[0][i],                                                      \
                        KM_FMA(KM_NUMBER(R(6.087714651680015)), k[1][i],                                                 \
                               KM_FMA(KM_NUMBER(R(16.43084320892478)), k[2][i],                                          \
                                      KM_FMA(KM_NUMBER(R(24.76722511418386)), k[3][i], R(-6.594389125716872) * k[4][i]))));
    KM_DENSE(KM_DENSE_COEFFICIENTS)
#undef KM_DENSE_COEFFICIENTS
}

#endif
