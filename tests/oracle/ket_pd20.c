/* The equations of KET-PD20 in their original form, in which the untreated state is 1 and not 0. */
#include "ket_pd20.h"

#include <math.h>

#define ROW(name, nominal, low, high, is_log, is_free) {#name, nominal, low, high, is_log, is_free},
const ket_parameter ket_parameters[KET_N_PARAMETERS] = {KET_PARAMETERS(ROW)};
#undef ROW

#define P(name) (m->p[KET_##name])

static double share(double density, double share_at_1)
{
    return share_at_1 * density / (1.0 - share_at_1 + share_at_1 * density);
}

static double hill(double x, double k, double n)
{
    double xn = pow(fmax(x, 0.0), n);

    return xn / (pow(k, n) + xn);
}

/* Continuously differentiable, positive, 1 at 1. */
static double gain(double x, double k)
{
    return x >= 1.0 ? 1.0 + k * (x - 1.0) : pow(fmax(x, 0.0), k);
}

int ket_prepare(ket_model *m, double *y0)
{
    double c;

    if (P(S_max) <= P(S_dep) || P(Lam) >= 1.0 || P(phi_I) >= 1.0 || P(phi_P) >= 1.0 ||
        P(phi_E) >= 1.0)
        return -1;
    m->k_s = P(k_d) + P(k_r);
    m->S10 = P(S_dep) / (1.0 + P(k_m) / P(k_e2));
    m->S20 = P(S_dep) - m->S10;
    m->k_f = (P(k_e1) + P(k_m)) * m->S10 / (P(S_max) - P(S_dep));
    m->W0 = P(omega) * m->S10 + m->S20;
    c = m->k_f / (m->k_f + P(k_e1) + P(k_m));
    /* from Lam = alpha S20 k_e2 (1 - omega c) / (Y50 W0 (k_e2 + k_m c)) */
    m->alpha = P(Lam) * (P(Y50) * m->W0 * (P(k_e2) + P(k_m) * c)) /
               (m->S20 * P(k_e2) * (1.0 - P(omega) * c));
    m->a_I = share(P(rho_NI), P(phi_I));
    m->a_P = share(P(rho_NP), P(phi_P));
    m->a_E = share(P(rho_NP), P(phi_E));
    m->g_A = P(rho_A) * P(phi_A);
    m->g_T = P(rho_T) * P(phi_T);

    for (int i = 0; i < KET_N_STATES; i++)
        y0[i] = i < KET_G ? 0.0 : 1.0;
    y0[KET_S1] = m->S10;
    y0[KET_S2] = m->S20;
    y0[KET_D] = 0.0;
    return 0;
}

double ket_blocking(const ket_model *m, const double *y)
{
    double K = P(fu_K) * P(Kp_K) * y[KET_Kc] / P(V1);
    double NK = P(fu_N) * P(Kp_N) * y[KET_Nc] / P(VN);

    return K + P(pi_N) * NK;
}

void ket_rates(const ket_model *m, double infusion, const double *y, double *dy)
{
    double Ck = y[KET_Kc] / P(V1), Cn = y[KET_Nc] / P(VN), Ch = y[KET_Hc] / P(VH);
    double C1 = y[KET_Kp1] / P(V2), C2 = y[KET_Kp2] / P(V3), Cp = y[KET_Np] / P(VNp);
    double nasal = P(ka_n) * y[KET_Xn], gut = P(ka_g) * y[KET_Xg],
           first_pass = (1.0 - P(F_g)) * gut;
    double K = P(fu_K) * P(Kp_K) * Ck, H = P(fu_H) * P(Kp_H) * Ch;
    double u = ket_blocking(m, y);
    double th_I = hill(u, P(IC_I), P(n_H)), th_P = hill(u, P(r_IP) * P(IC_I), P(n_H));
    double th_R = hill(u, P(IC_R), P(n_H));
    double open_P = 1.0 - m->a_P * th_P;
    double R, z, X, be, T, Y;

    dy[KET_Xn] = -nasal;
    dy[KET_Xg] = -gut;
    dy[KET_Kc] =
        infusion + nasal + P(F_g) * gut - P(CL) * Ck - P(Q2) * (Ck - C1) - P(Q3) * (Ck - C2);
    dy[KET_Kp1] = P(Q2) * (Ck - C1);
    dy[KET_Kp2] = P(Q3) * (Ck - C2);
    dy[KET_Nc] = P(fm) * P(CL) * Ck + P(fm_g) * (1.0 - P(fh_g)) * first_pass - P(CLN) * Cn -
                 P(QN) * (Cn - Cp);
    dy[KET_Np] = P(QN) * (Cn - Cp);
    dy[KET_Hc] = P(fh) * P(CLN) * Cn + P(fm_g) * P(fh_g) * first_pass - P(CLH) * Ch;

    R = (1.0 + P(w1) * P(gam) * P(rho_G) * m->a_I * th_I) * pow(open_P, P(wP) * P(m_P));
    z = y[KET_G] * (1.0 + P(w3) * P(eps_H) * H / (P(EC_H) + H)) * (1.0 - P(b_AMPA));
    X = gain(hill(z, P(K_X), P(n_X)) / hill(1.0, P(K_X), P(n_X)), m->g_A);
    be = y[KET_B] * (1.0 + P(w4) * P(eps_T) * K / (P(K_T) + K));
    T = gain(hill(be, P(K_BD), P(n_T)) / hill(1.0, P(K_BD), P(n_T)), m->g_T);
    Y = y[KET_A] * (P(omega) * y[KET_S1] + y[KET_S2]) / m->W0 - 1.0;

    dy[KET_G] = P(k_G) * (R * pow(y[KET_F], -P(a_F)) - y[KET_G]);
    dy[KET_F] = P(k_F) * (y[KET_G] - y[KET_F]);
    dy[KET_E] = P(k_E) * (1.0 - P(w2) * m->a_E * th_R - y[KET_E]);
    dy[KET_P] = m->k_s * (1.0 + P(kap_E) * (1.0 - y[KET_E])) - (P(k_d) + P(k_r) * X) * y[KET_P];
    dy[KET_B] = P(k_B) * (X * y[KET_P] - y[KET_B]);
    dy[KET_M] =
        P(k_M) * (gain(T, P(kap_M)) * pow(y[KET_N], -P(beta_N)) * (1.0 - P(b_R)) - y[KET_M]);
    dy[KET_N] = P(k_N) * (y[KET_M] - y[KET_N]);
    dy[KET_Q] = P(k_Q) * (gain(y[KET_M], P(kap_Q)) - y[KET_Q]);
    dy[KET_A] = P(k_A) * (1.0 + (gain(T, P(kap_A)) - 1.0) * pow(open_P, P(q_P)) - y[KET_A]);
    dy[KET_S1] = m->k_f * gain(y[KET_Q], P(kap_S)) * (P(S_max) - y[KET_S1] - y[KET_S2]) -
                 (P(k_e1) + P(k_m)) * y[KET_S1];
    dy[KET_S2] = P(k_m) * y[KET_S1] - P(k_e2) * exp(-m->alpha * y[KET_D]) * y[KET_S2];
    dy[KET_D] = P(k_D) * (Y / (P(Y50) + fabs(Y)) - y[KET_D]);
}

double ket_cadss(const ket_model *m, const double *y)
{
    return P(C_max) * hill(m->a_I * hill(ket_blocking(m, y), P(IC_I), P(n_H)), P(B50), P(h_C));
}

double ket_placebo(const ket_model *m, double t)
{
    return -P(L_max) * expm1(-t / P(tau_p)) * exp(-t / P(tau_l));
}

double ket_placebo_rate(const ket_model *m, double t)
{
    return P(L_max) * exp(-t / P(tau_l)) *
           (exp(-t / P(tau_p)) / P(tau_p) + expm1(-t / P(tau_p)) / P(tau_l));
}

double ket_reduction(const ket_model *m, double t, const double *y)
{
    double L = ket_placebo(m, t), drug = P(E_D) * y[KET_D];

    return L + drug - L * drug; /* 1 - (1 - drug) (1 - L) */
}

double ket_reduction_rate(const ket_model *m, double t, const double *y, const double *dy)
{
    return ket_placebo_rate(m, t) * (1.0 - P(E_D) * y[KET_D]) +
           (1.0 - ket_placebo(m, t)) * P(E_D) * dy[KET_D];
}

double ket_plasma(const ket_model *m, const double *y)
{
    return y[KET_Kc] / P(V1) * KET_MOLAR_MASS;
}
