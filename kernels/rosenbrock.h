/* One step of a Rosenbrock method of the family of Rodas4: six stages, order 4 with an embedded order 3, stiffly accurate,
 * L-stable, linearly implicit (one factorisation of 1/(gamma h) - J a step, no iteration). The coefficients are those of the
 * table before it: rodas4k.h or rodas4.h.
 *
 * E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, 2nd ed. 1996, section IV.7; coefficients in the
 * transformed variables of that section: stage i asks for rates at y + sum of A_ij k_j, at NODE_i of the step, and solves
 * (1/(gamma h) - J) k_i = rates + sum of C_ij k_j / h + SLOPE_i h df/dt. Stage 6 asks at the embedded result, whose row is that of
 * stage 5 and k_5 more; the result has k_6 more. Nodes 5 and 6 are 1, their slopes 0. With KM_THIRD_AT_START stage 3 asks at y and t,
 * and has the rates of stage 1.
 *
 * An integrator is one file (here: a table and this one) and one row of the table in host/model/method.c. It keeps this contract:
 * - KM_IMPLICIT: 1 if it uses J and ft; else they are not computed, and km_step gives dy/dt at the step's end in f_end.
 * - KM_STEP_ROOT(e2): (error norm)^(-1/order) from the norm's square, where a step's error estimate goes with h^order.
 * - km_step(t, h, y, f, J, ft, c, u, t_end, dy, error, f_end, a, b, q): from states y and rates f at t, with constants c
 *   and infusions u, the increment dy of all states over h and an estimate of its error; for the states that outputs
 *   need (KM_DENSE) the coefficients of its own dense output
 *     y(x) = y0 (1-x) + x (y1 + (1-x) (a + x b)),  x = (t - t0)/h,
 *   which is used where the cubic through values and rates is no good, and, with KM_QUARTIC, what to add to that cubic:
 *   x^2 (1-x)^2 q. Times of stages are written KM_STAGE_TIME(t, part, h, t_end). */
#ifndef KM_ROSENBROCK_H
#define KM_ROSENBROCK_H

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

    km_factor(J, KM_INVERSE_GAMMA * ih, c, lu);
    KM_EACH k[0][i] = f[i] KM_WITH_TIME(+KM_GAMMA * h * ft[i]);
    km_solve(J, c, lu, k[0]);

    KM_ROLL for (int s = 1; s < KM_STAGES; s++)
    {
        real part = KM_NUMBER(R(1.0));
        KM_WITH_TIME(real slope = KM_NUMBER(R(0.0))); /* the share of df/dt, in steps */

        switch (s) { /* where in the step and at which states w this stage asks for rates; what earlier ones add to them */
        case 1:
            part = KM_NUMBER(KM_NODE_2);
            KM_WITH_TIME(slope = KM_NUMBER(KM_SLOPE_2));
            KM_EACH {
                w[i] = KM_FMA(KM_NUMBER(KM_A_21), k[0][i], y[i]);
                k[s][i] = KM_C_21 * k[0][i];
            }
            break;
        case 2:
            part = KM_NUMBER(KM_NODE_3);
            KM_WITH_TIME(slope = KM_NUMBER(KM_SLOPE_3));
            KM_EACH {
                if (!KM_THIRD_AT_START)
                    w[i] = KM_FMA(KM_NUMBER(KM_A_32), k[1][i], KM_FMA(KM_NUMBER(KM_A_31), k[0][i], y[i]));
                k[s][i] = KM_FMA(KM_NUMBER(KM_C_32), k[1][i], KM_C_31 * k[0][i]);
            }
            break;
        case 3:
            part = KM_NUMBER(KM_NODE_4);
            KM_WITH_TIME(slope = KM_NUMBER(KM_SLOPE_4));
            KM_EACH {
                w[i] = KM_FMA(KM_NUMBER(KM_A_43), k[2][i],
                              KM_FMA(KM_NUMBER(KM_A_42), k[1][i], KM_FMA(KM_NUMBER(KM_A_41), k[0][i], y[i])));
                k[s][i] = KM_FMA(KM_NUMBER(KM_C_43), k[2][i], KM_FMA(KM_NUMBER(KM_C_42), k[1][i], KM_C_41 * k[0][i]));
            }
            break;
        case 4:
            KM_EACH {
                dy[i] = KM_FMA(KM_NUMBER(KM_A_54), k[3][i],
                               KM_FMA(KM_NUMBER(KM_A_53), k[2][i], KM_FMA(KM_NUMBER(KM_A_52), k[1][i], KM_A_51 * k[0][i])));
                w[i] = y[i] + dy[i];
                k[s][i] = KM_FMA(KM_NUMBER(KM_C_54), k[3][i],
                                 KM_FMA(KM_NUMBER(KM_C_53), k[2][i], KM_FMA(KM_NUMBER(KM_C_52), k[1][i], KM_C_51 * k[0][i])));
            }
            break;
        default:
            KM_EACH {
                dy[i] += k[4][i];
                w[i] = y[i] + dy[i];
                k[s][i] = KM_FMA(KM_NUMBER(KM_C_65), k[4][i],
                                 KM_FMA(KM_NUMBER(KM_C_64), k[3][i],
                                        KM_FMA(KM_NUMBER(KM_C_63), k[2][i],
                                               KM_FMA(KM_NUMBER(KM_C_62), k[1][i], KM_C_61 * k[0][i]))));
            }
            break;
        }
        if (KM_THIRD_AT_START && s == 2) {
            KM_EACH rate[i] = f[i];
        } else
            km_rates(KM_STAGE_TIME(t, part, h, t_end), w, c, u, rate);
        KM_EACH rate[i] = KM_FMA(ih, k[s][i], rate[i]) KM_WITH_TIME(+slope * h * ft[i]);
        km_solve(J, c, lu, rate);
        KM_EACH k[s][i] = rate[i];
    }
    KM_EACH {
        error[i] = k[KM_STAGES - 1][i];
        dy[i] += error[i];
    }

#define KM_DENSE_COEFFICIENTS(d, i)                                                                                    \
    dense_a[d] = KM_FMA(KM_NUMBER(KM_DENSE_A_1), k[0][i],                                                              \
                        KM_FMA(KM_NUMBER(KM_DENSE_A_2), k[1][i],                                                       \
                               KM_FMA(KM_NUMBER(KM_DENSE_A_3), k[2][i],                                                \
                                      KM_FMA(KM_NUMBER(KM_DENSE_A_4), k[3][i], KM_DENSE_A_5 * k[4][i]))));             \
    dense_b[d] = KM_FMA(KM_NUMBER(KM_DENSE_B_1), k[0][i],                                                              \
                        KM_FMA(KM_NUMBER(KM_DENSE_B_2), k[1][i],                                                       \
                               KM_FMA(KM_NUMBER(KM_DENSE_B_3), k[2][i],                                                \
                                      KM_FMA(KM_NUMBER(KM_DENSE_B_4), k[3][i], KM_DENSE_B_5 * k[4][i]))));
    KM_DENSE(KM_DENSE_COEFFICIENTS)
#undef KM_DENSE_COEFFICIENTS
}

#endif
