/* Rodas4k: the coefficients (rosenbrock.h makes the step).
 *
 * Found by a search for what KET-PD20 takes least time with, among methods of Rodas4's structure whose third stage asks at the step's start and
 * that keep order 4 and 3, stiff accuracy, L-stability and order 4 for differential-algebraic equations of index 1: tools/rosenbrock.py
 * says how, and DECISIONS.md why.
 * tests/science/check_rosenbrock.py holds them against the conditions. */
#ifndef KM_RODAS4K_H
#define KM_RODAS4K_H

#define KM_IMPLICIT 1
#define KM_THIRD_AT_START 1 /* stage 3 has the rates of stage 1 */

#define KM_GAMMA R(0.2772862514873643)
#define KM_INVERSE_GAMMA R(3.6063814727055417)
#define KM_NODE_2 R(0.42075089544866506)
#define KM_NODE_3 R(0.0)
#define KM_NODE_4 R(0.76988130059467497)
#define KM_SLOPE_2 R(-0.18595668695303613)
#define KM_SLOPE_3 R(0.45375843192677445)
#define KM_SLOPE_4 R(0.72780915122668033)
#define KM_A_21 R(1.5173882339703326)
#define KM_A_31 R(0.0)
#define KM_A_32 R(0.0)
#define KM_A_41 R(1.7565352092073137)
#define KM_A_42 R(4.6739586789357093)
#define KM_A_43 R(2.5387343279257863)
#define KM_A_51 R(-4.8451637017304705)
#define KM_A_52 R(4.9977215424007868)
#define KM_A_53 R(8.0003125100109536)
#define KM_A_54 R(-0.49099717670529558)
#define KM_C_21 R(-6.0249317865269756)
#define KM_C_31 R(3.6680634826538356)
#define KM_C_32 R(2.047130316073392)
#define KM_C_41 R(37.06887025276496)
#define KM_C_42 R(-8.9922769954563044)
#define KM_C_43 R(-22.756832605849304)
#define KM_C_51 R(32.032285220196748)
#define KM_C_52 R(-2.1329162665699188)
#define KM_C_53 R(-31.524537450733344)
#define KM_C_54 R(5.5313708769866068)
#define KM_C_61 R(35.815066622807542)
#define KM_C_62 R(-1.2635581761062564)
#define KM_C_63 R(-37.244126991232115)
#define KM_C_64 R(7.8782246548417527)
#define KM_C_65 R(-5.7537835410534761)
#define KM_DENSE_A_1 R(14.95626224324111)
#define KM_DENSE_A_2 R(-8.4001160514571236)
#define KM_DENSE_A_3 R(-9.2535929612972794)
#define KM_DENSE_A_4 R(-2.0751701325654528)
#define KM_DENSE_A_5 R(-0.29426838671464217)
#define KM_DENSE_B_1 R(15.319264436609666)
#define KM_DENSE_B_2 R(11.974698004265154)
#define KM_DENSE_B_3 R(-18.940320226725831)
#define KM_DENSE_B_4 R(9.0316036177290187)
#define KM_DENSE_B_5 R(-4.065332985739273)

#endif
