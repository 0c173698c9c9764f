/* One step of Tsit5: an explicit Runge-Kutta pair of order 5 with an embedded order 4; its last stage is the first of the
 * next step. For models that are not stiff; on a stiff one its steps stay as short as stability asks.
 *
 * Ch. Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, Computers
 * and Mathematics with Applications 62 (2011) 770-775; dense output of order 4 from the same paper. The contract is
 * that of rosenbrock.h; J, ft and the dense coefficients a, b are not needed: dense_q is what the quartic through the
 * stages adds to the cubic through values and rates, x^2 (1-x)^2 q. */
#ifndef KM_TSIT5_H
#define KM_TSIT5_H

#define KM_IMPLICIT 0
#define KM_QUARTIC 1
#define KM_STEP_ROOT(e2) km_root10(e2) /* the error of a step goes with h^5 */

#define KM_EACH for (int i = 0; i < KM_N_STATES; i++)

/* x^(-1/10), with the bounds of km_root8. */
KM_INLINE real km_root10(real x)
{
    return km_exp2(R(-0.1) * km_log2(km_max(km_min(x, (real)R(1e24)), (real)R(1e-24))));
}

static inline __attribute__((always_inline)) void km_step(const real t, const real h, const real *y, const real *f,
                                                          const real *J, const real *ft, const real *c, const real *u,
                                                          const real t_end, real *dy, real *error, real *f_end,
                                                          real *dense_a, real *dense_b, real *dense_q)
{
    real k2[KM_STATES], k3[KM_STATES], k4[KM_STATES], k5[KM_STATES], k6[KM_STATES], w[KM_STATES];

    _Pragma("unroll") KM_EACH w[i] = KM_FMA(h, R(0.161) * f[i], y[i]);
    km_rates(KM_STAGE_TIME(t, R(0.161), h, t_end), w, c, u, k2);

    _Pragma("unroll") KM_EACH w[i] =
        KM_FMA(h, KM_FMA(KM_NUMBER(R(-0.008480655492356989)), f[i], R(0.335480655492357) * k2[i]), y[i]);
    km_rates(KM_STAGE_TIME(t, R(0.327), h, t_end), w, c, u, k3);

    _Pragma("unroll") KM_EACH w[i] =
        KM_FMA(h,
               KM_FMA(KM_NUMBER(R(2.897153057105493)), f[i],
                      KM_FMA(KM_NUMBER(R(-6.359448489975074)), k2[i], R(4.3622954328695815) * k3[i])),
               y[i]);
    km_rates(KM_STAGE_TIME(t, R(0.9), h, t_end), w, c, u, k4);

    _Pragma("unroll") KM_EACH w[i] =
        KM_FMA(h,
               KM_FMA(KM_NUMBER(R(5.325864828439257)), f[i],
                      KM_FMA(KM_NUMBER(R(-11.748883564062828)), k2[i],
                             KM_FMA(KM_NUMBER(R(7.4955393428898365)), k3[i], R(-0.09249506636175525) * k4[i]))),
               y[i]);
    km_rates(KM_STAGE_TIME(t, R(0.9800255409045097), h, t_end), w, c, u, k5);

    _Pragma("unroll") KM_EACH w[i] =
        KM_FMA(h,
               KM_FMA(KM_NUMBER(R(5.86145544294642)), f[i],
                      KM_FMA(KM_NUMBER(R(-12.92096931784711)), k2[i],
                             KM_FMA(KM_NUMBER(R(8.159367898576159)), k3[i],
                                    KM_FMA(KM_NUMBER(R(-0.071584973281401)), k4[i], R(-0.028269050394068383) * k5[i])))),
               y[i]);
    km_rates(KM_STAGE_TIME(t, R(1.0), h, t_end), w, c, u, k6);

    _Pragma("unroll") KM_EACH dy[i] =
        h * KM_FMA(KM_NUMBER(R(0.09646076681806523)), f[i],
                   KM_FMA(KM_NUMBER(R(0.01)), k2[i],
                          KM_FMA(KM_NUMBER(R(0.4798896504144996)), k3[i],
                                 KM_FMA(KM_NUMBER(R(1.379008574103742)), k4[i],
                                        KM_FMA(KM_NUMBER(R(-3.290069515436081)), k5[i], R(2.324710524099774) * k6[i])))));
    _Pragma("unroll") KM_EACH w[i] = y[i] + dy[i];
    km_rates(KM_STAGE_TIME(t, R(1.0), h, t_end), w, c, u, f_end);

    _Pragma("unroll") KM_EACH error[i] =
        h * KM_FMA(KM_NUMBER(R(-0.00178001105222577714)), f[i],
                   KM_FMA(KM_NUMBER(R(-0.0008164344596567469)), k2[i],
                          KM_FMA(KM_NUMBER(R(0.007880878010261995)), k3[i],
                                 KM_FMA(KM_NUMBER(R(-0.1447110071732629)), k4[i],
                                        KM_FMA(KM_NUMBER(R(0.5823571654525552)), k5[i],
                                               KM_FMA(KM_NUMBER(R(-0.45808210592918697)), k6[i],
                                                      R(0.015151515151515152) * f_end[i]))))));

#define KM_DENSE_COEFFICIENTS(d, i)                                                                                   \
    dense_a[d] = dense_b[d] = KM_NUMBER(R(0.0));                                                                      \
    dense_q[d] = h * KM_FMA(KM_NUMBER(R(-1.0530884977290216)), f[i],                                                  \
                            KM_FMA(KM_NUMBER(R(0.1017)), k2[i],                                                       \
                                   KM_FMA(KM_NUMBER(R(2.490627285651252793)), k3[i],                                  \
                                          KM_FMA(KM_NUMBER(R(-16.54810288924490272)), k4[i],                          \
                                                 KM_FMA(KM_NUMBER(R(47.37952196281928122)), k5[i],                    \
                                                        KM_FMA(KM_NUMBER(R(-34.87065786149660974)), k6[i],            \
                                                               R(2.5) * f_end[i]))))));
    KM_DENSE(KM_DENSE_COEFFICIENTS)
#undef KM_DENSE_COEFFICIENTS
}

#endif
