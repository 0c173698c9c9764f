/* KET-PD20 written a second time: the original, non-deviation equations in plain double precision,
 * for the oracle that the program's results are compared with. It shares no code with the model
 * file. */
#ifndef KM_TESTS_KET_PD20_H
#define KM_TESTS_KET_PD20_H

/* name, nominal, low, high, 1 where the range is sampled in logarithms, 1 where the parameter is a
 * free pharmacodynamic one */
#define KET_PARAMETERS(X)                                                                          \
    X(ka_n, 2.0, 1.0, 4.0, 1, 0)                                                                   \
    X(ka_g, 1.15, 0.4, 2.5, 1, 0)                                                                  \
    X(F_g, 0.18, 0.07, 0.3, 0, 0)                                                                  \
    X(fm_g, 0.72, 0.5, 0.9, 0, 0)                                                                  \
    X(fh_g, 0.3, 0.1, 0.5, 0, 0)                                                                   \
    X(CL, 86.4, 58.0, 115.0, 1, 0)                                                                 \
    X(V1, 110.0, 50.0, 200.0, 1, 0)                                                                \
    X(Q2, 120.0, 60.0, 200.0, 1, 0)                                                                \
    X(V2, 70.0, 30.0, 150.0, 1, 0)                                                                 \
    X(Q3, 45.0, 20.0, 60.0, 1, 0)                                                                  \
    X(V3, 290.0, 150.0, 450.0, 1, 0)                                                               \
    X(fm, 0.8, 0.6, 0.95, 0, 0)                                                                    \
    X(CLN, 45.7, 28.0, 70.0, 1, 0)                                                                 \
    X(VN, 75.0, 45.0, 110.0, 1, 0)                                                                 \
    X(QN, 34.0, 15.0, 60.0, 1, 0)                                                                  \
    X(VNp, 120.0, 70.0, 220.0, 1, 0)                                                               \
    X(fh, 0.425, 0.15, 0.8, 0, 0)                                                                  \
    X(CLH, 17.5, 7.0, 50.0, 1, 0)                                                                  \
    X(VH, 100.0, 50.0, 200.0, 1, 0)                                                                \
    X(fu_K, 0.6, 0.45, 0.8, 0, 0)                                                                  \
    X(fu_N, 0.5, 0.35, 0.7, 0, 0)                                                                  \
    X(fu_H, 0.6, 0.4, 0.9, 0, 0)                                                                   \
    X(Kp_K, 1.0, 0.6, 1.5, 1, 0)                                                                   \
    X(Kp_N, 0.6, 0.3, 1.2, 1, 0)                                                                   \
    X(Kp_H, 0.7, 0.3, 1.2, 1, 0)                                                                   \
    X(w1, 1.0, 0.0, 1.0, 0, 0)                                                                     \
    X(w2, 1.0, 0.0, 1.0, 0, 0)                                                                     \
    X(w3, 1.0, 0.0, 1.0, 0, 0)                                                                     \
    X(w4, 0.0, 0.0, 1.0, 0, 0)                                                                     \
    X(wP, 1.0, 0.0, 1.0, 0, 0)                                                                     \
    X(rho_NI, 1.0, 0.4, 2.0, 1, 1)                                                                 \
    X(rho_NP, 1.0, 0.4, 2.0, 1, 1)                                                                 \
    X(rho_A, 1.0, 0.4, 2.0, 1, 1)                                                                  \
    X(rho_G, 1.0, 0.5, 2.0, 1, 1)                                                                  \
    X(rho_T, 1.0, 0.4, 2.0, 1, 1)                                                                  \
    X(phi_I, 0.5, 0.25, 0.85, 0, 1)                                                                \
    X(phi_P, 0.413, 0.1, 0.8, 0, 1)                                                                \
    X(phi_E, 0.5, 0.25, 0.85, 0, 1)                                                                \
    X(phi_A, 0.9, 0.6, 1.2, 0, 1)                                                                  \
    X(phi_T, 0.9, 0.6, 1.2, 0, 1)                                                                  \
    X(IC_I, 1.42, 0.5, 2.9, 1, 1)                                                                  \
    X(r_IP, 3.0, 1.0, 4.5, 1, 1)                                                                   \
    X(IC_R, 1.5, 0.2, 5.0, 1, 1)                                                                   \
    X(n_H, 1.0, 0.8, 1.4, 0, 1)                                                                    \
    X(pi_N, 0.156, 0.08, 0.3, 1, 1)                                                                \
    X(gam, 7.82, 2.0, 10.0, 1, 1)                                                                  \
    X(m_P, 4.2, 1.5, 8.0, 0, 1)                                                                    \
    X(k_G, 6.0, 2.0, 12.0, 1, 1)                                                                   \
    X(a_F, 0.967, 0.0, 1.2, 0, 1)                                                                  \
    X(k_F, 0.579, 0.1, 2.0, 1, 1)                                                                  \
    X(k_E, 3.0, 0.7, 6.0, 1, 1)                                                                    \
    X(kap_E, 2.39, 0.5, 8.0, 1, 1)                                                                 \
    X(EC_H, 0.3, 0.01, 10.0, 1, 1)                                                                 \
    X(eps_H, 0.122, 0.05, 2.0, 1, 1)                                                               \
    X(K_X, 2.9, 1.2, 6.0, 0, 1)                                                                    \
    X(n_X, 2.0, 1.0, 4.0, 0, 1)                                                                    \
    X(k_r, 0.121, 0.03, 0.3, 1, 1)                                                                 \
    X(k_d, 0.698, 0.3, 2.0, 1, 1)                                                                  \
    X(k_B, 1.65, 0.3, 3.0, 1, 1)                                                                   \
    X(K_BD, 2.0, 1.2, 5.0, 0, 1)                                                                   \
    X(n_T, 2.0, 1.0, 3.0, 0, 1)                                                                    \
    X(eps_T, 2.0, 0.5, 5.0, 1, 1)                                                                  \
    X(K_T, 12.0, 1.0, 50.0, 1, 1)                                                                  \
    X(k_M, 4.0, 1.5, 8.0, 1, 1)                                                                    \
    X(kap_M, 1.97, 0.7, 5.0, 1, 1)                                                                 \
    X(beta_N, 1.31, 0.3, 3.0, 0, 1)                                                                \
    X(k_N, 0.835, 0.15, 1.5, 1, 1)                                                                 \
    X(b_R, 0.0, 0.0, 1.0, 0, 0)                                                                    \
    X(k_Q, 0.0216, 0.01, 0.06, 1, 1)                                                               \
    X(kap_Q, 9.33, 1.0, 15.0, 1, 1)                                                                \
    X(k_A, 0.0122, 0.01, 0.06, 1, 1)                                                               \
    X(kap_A, 10.3, 2.0, 25.0, 1, 1)                                                                \
    X(q_P, 1.93, 0.0, 5.0, 0, 1)                                                                   \
    X(b_AMPA, 0.0, 0.0, 1.0, 0, 0)                                                                 \
    X(S_dep, 0.75, 0.6, 0.9, 0, 1)                                                                 \
    X(S_max, 1.25, 1.05, 1.5, 0, 1)                                                                \
    X(kap_S, 3.47, 1.0, 10.0, 1, 1)                                                                \
    X(k_e1, 0.0103, 0.004, 0.03, 1, 1)                                                             \
    X(k_m, 0.00392, 0.001, 0.01, 1, 1)                                                             \
    X(k_e2, 0.00102, 0.0005, 0.006, 1, 1)                                                          \
    X(omega, 0.7, 0.3, 1.0, 0, 1)                                                                  \
    X(Lam, 0.248, 0.0, 0.8, 0, 1)                                                                  \
    X(k_D, 2.43, 0.25, 4.0, 1, 1)                                                                  \
    X(Y50, 0.384, 0.2, 1.5, 1, 1)                                                                  \
    X(E_D, 0.638, 0.45, 1.0, 0, 1)                                                                 \
    X(MADRS0, 33.0, 25.0, 42.0, 0, 1)                                                              \
    X(L_max, 0.15, 0.0, 0.4, 0, 1)                                                                 \
    X(tau_p, 5.0, 1.0, 48.0, 1, 1)                                                                 \
    X(tau_l, 1500.0, 300.0, 5000.0, 1, 1)                                                          \
    X(C_max, 80.0, 50.0, 92.0, 0, 1)                                                               \
    X(B50, 0.249, 0.2, 0.8, 1, 1)                                                                  \
    X(h_C, 2.05, 1.0, 3.0, 0, 1)                                                                   \
    X(weight, 75.0, 45.0, 130.0, 0, 0)

#define KET_PARAMETER_INDEX(name, nominal, low, high, is_log, is_free) KET_##name,
enum { KET_PARAMETERS(KET_PARAMETER_INDEX) KET_N_PARAMETERS };
#undef KET_PARAMETER_INDEX

enum {
    KET_Xn,
    KET_Xg,
    KET_Kc,
    KET_Kp1,
    KET_Kp2,
    KET_Nc,
    KET_Np,
    KET_Hc, /* umol */
    KET_G,
    KET_F,
    KET_E,
    KET_P,
    KET_B,
    KET_M,
    KET_N,
    KET_Q,
    KET_A, /* 1 untreated */
    KET_S1,
    KET_S2,
    KET_D,
    KET_N_STATES
};

#define KET_MOLAR_MASS 237.73 /* ketamine, g/mol */

typedef struct ket_parameter {
    const char *name;
    double nominal, low, high;
    int is_log, is_free;
} ket_parameter;

extern const ket_parameter ket_parameters[KET_N_PARAMETERS];

/* A parameter set and what follows from it. */
typedef struct ket_model {
    double p[KET_N_PARAMETERS];
    double S10, S20, k_s, k_f, alpha, W0, a_I, a_P, a_E, g_A, g_T;
} ket_model;

/* Fills what follows from p and writes the untreated state; 0, or -1 where the set has no baseline.
 */
int ket_prepare(ket_model *m, double *y0);

/* The rates in 1/h; infusion in umol/h. */
void ket_rates(const ket_model *m, double infusion, const double *y, double *dy);

double ket_blocking(const ket_model *m,
                    const double *y); /* uM, ketamine and its share of norketamine */
double ket_cadss(const ket_model *m, const double *y);
double ket_placebo(const ket_model *m, double t);      /* L(t) */
double ket_placebo_rate(const ket_model *m, double t); /* dL/dt */
double ket_reduction(const ket_model *m, double t, const double *y);
double ket_reduction_rate(const ket_model *m, double t, const double *y, const double *dy);
double ket_plasma(const ket_model *m, const double *y); /* ketamine, ng/mL */

#endif
