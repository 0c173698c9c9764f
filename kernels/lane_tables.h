/* Logarithms and powers of two by tables: one of 16 numbers near, chosen by the leading bits, takes over so much that a
 * short polynomial does the rest. On CPUs with AVX-512 a table is one or two registers and a lookup one instruction, and
 * a power takes 19 products and multiply-adds instead of 24, and 80 cycles from first to last instead of 100 (Zen 5).
 *
 * KM_TABLES is 1 where this is so, and lane_math.h then takes its logarithms and exponents from here. Every number of
 * lanes takes the same entries, so that bits do not depend on it. The numbers come from tools/minimax.py. */
#ifndef KM_LANE_TABLES_H
#define KM_LANE_TABLES_H

#if defined(__OPENCL_VERSION__) && defined(__AVX512F__) && defined(__has_builtin) && !defined(KM_PORTABLE)
#if __has_builtin(__builtin_ia32_permvarsf512) && __has_builtin(__builtin_ia32_vpermi2varpd512) &&                     \
    __has_builtin(__builtin_ia32_fixupimmps512_mask) && __has_builtin(__builtin_ia32_fixupimmpd512_mask) &&             \
    __has_builtin(__builtin_ia32_scalefps512_mask) && __has_builtin(__builtin_ia32_scalefpd512_mask)
#define KM_TABLES 1
#endif
#endif
#ifndef KM_TABLES
#define KM_TABLES 0
#endif

#ifndef KM_INLINE
#define KM_INLINE static inline __attribute__((always_inline))
#endif

#if KM_TABLES

#if KM_SINGLE
/* log2(1 + f) / f for f in [-1/32, 1/32], relative error 2.8e-08 */
#define KM_LOG2_NEAR_0 R(1.44269502)
#define KM_LOG2_NEAR_1 R(-0.721347511)
#define KM_LOG2_NEAR_2 R(0.481159598)
#define KM_LOG2_NEAR_3 R(-0.360882074)
/* (2^r - 1) / r for r in [-1/32, 1/32], relative error 1.1e-07 */
#define KM_EXP2_NEAR_0 R(0.693147182)
#define KM_EXP2_NEAR_1 R(0.240233555)
#define KM_EXP2_NEAR_2 R(0.0555020534)
/* For numbers v from 0.71875 on, in steps of 1/32 below 1 and of 1/16 above: 1/v, a quarter of it, and log2 v;
 * 2^(j/16) for j of 0 to 7, -8 to -1, and the same less 1. */
#define KM_RECIPROCALS_LOW \
    R(1.39130437), R(1.33333337), R(1.27999997), R(1.23076928), \
    R(1.18518519), R(1.14285719), R(1.10344827), R(1.06666672)
#define KM_RECIPROCALS_HIGH \
    R(1.03225803), R(1.0), R(0.941176474), R(0.888888896), \
    R(0.842105269), R(0.800000012), R(0.761904776), R(0.727272749)
#define KM_QUARTERS_LOW \
    R(0.347826093), R(0.333333343), R(0.319999993), R(0.307692319), \
    R(0.296296299), R(0.285714298), R(0.275862068), R(0.266666681)
#define KM_QUARTERS_HIGH \
    R(0.258064508), R(0.25), R(0.235294119), R(0.222222224), \
    R(0.210526317), R(0.200000003), R(0.190476194), R(0.181818187)
#define KM_LOGARITHMS_LOW \
    R(-0.476438075), R(-0.415037543), R(-0.356143773), R(-0.299560338), \
    R(-0.245112509), R(-0.192645147), R(-0.142019004), R(-0.093109481)
#define KM_LOGARITHMS_HIGH \
    R(-0.0458036475), R(0.0), R(0.087462835), R(0.169924989), \
    R(0.247927502), R(0.321928084), R(0.392317384), R(0.459431589)
#define KM_ROOTS_LOW \
    R(1.0), R(1.04427373), R(1.09050775), R(1.13878858), \
    R(1.18920708), R(1.24185777), R(1.29683959), R(1.35425556)
#define KM_ROOTS_HIGH \
    R(0.707106769), R(0.738413095), R(0.771105409), R(0.805245161), \
    R(0.840896428), R(0.878126085), R(0.917004049), R(0.957603276)
#define KM_ROOTS_LESS_1_LOW \
    R(0.0), R(0.0442737825), R(0.0905077308), R(0.13878864), \
    R(0.189207122), R(0.241857812), R(0.296839565), R(0.354255557)
#define KM_ROOTS_LESS_1_HIGH \
    R(-0.292893231), R(-0.261586934), R(-0.228894591), R(-0.194754839), \
    R(-0.159103587), R(-0.121873923), R(-0.0829959586), R(-0.0423967205)
#define KM_BITS_FIRST 0x3f340000u /* 0.703125: from here to its double, numbers have the exponent 0 */
#define KM_ENTRY_BITS 19          /* of a number, below those that choose an entry */
#define KM_ROUND_SIXTEENTH R(0x1.8p19) /* z + this - this rounds z to sixteenths, and leaves them in the low bits */
#else
/* log2(1 + f) / f for f in [-1/32, 1/32], relative error 5.7e-14 */
#define KM_LOG2_NEAR_0 R(1.4426950408889625)
#define KM_LOG2_NEAR_1 R(-0.72134752046288242)
#define KM_LOG2_NEAR_2 R(0.48089834699775136)
#define KM_LOG2_NEAR_3 R(-0.36067360951727717)
#define KM_LOG2_NEAR_4 R(0.28853882394664965)
#define KM_LOG2_NEAR_5 R(-0.24075769515215276)
#define KM_LOG2_NEAR_6 R(0.20640785444335669)
/* (2^r - 1) / r for r in [-1/32, 1/32], relative error 6.7e-16 */
#define KM_EXP2_NEAR_0 R(0.69314718055994573)
#define KM_EXP2_NEAR_1 R(0.24022650695910017)
#define KM_EXP2_NEAR_2 R(0.055504108656638435)
#define KM_EXP2_NEAR_3 R(0.0096181291092828497)
#define KM_EXP2_NEAR_4 R(0.0013333781589034411)
#define KM_EXP2_NEAR_5 R(0.00015403530394251193)
#define KM_RECIPROCALS_LOW \
    R(1.3913043478260869), R(1.3333333333333333), R(1.28), R(1.2307692307692308), \
    R(1.1851851851851851), R(1.1428571428571428), R(1.103448275862069), R(1.0666666666666667)
#define KM_RECIPROCALS_HIGH \
    R(1.032258064516129), R(1.0), R(0.94117647058823528), R(0.88888888888888884), \
    R(0.84210526315789469), R(0.80000000000000004), R(0.76190476190476186), R(0.72727272727272729)
#define KM_QUARTERS_LOW \
    R(0.34782608695652173), R(0.3333333333333333), R(0.32), R(0.3076923076923077), \
    R(0.2962962962962963), R(0.2857142857142857), R(0.27586206896551724), R(0.26666666666666666)
#define KM_QUARTERS_HIGH \
    R(0.25806451612903225), R(0.25), R(0.23529411764705882), R(0.2222222222222222), \
    R(0.21052631578947367), R(0.2), R(0.19047619047619047), R(0.18181818181818182)
#define KM_LOGARITHMS_LOW \
    R(-0.47643804394298711), R(-0.41503749927884376), R(-0.35614381022527536), R(-0.29956028185890793), \
    R(-0.24511249783653138), R(-0.19264507794239583), R(-0.14201900487242786), R(-0.093109404391481451)
#define KM_LOGARITHMS_HIGH \
    R(-0.045803689613124754), R(0.0), R(0.087462841250339429), R(0.16992500144231246), \
    R(0.24792751344358557), R(0.32192809488736229), R(0.39231742277876036), R(0.4594316186372972)
#define KM_ROOTS_LOW \
    R(1.0), R(1.0442737824274138), R(1.0905077326652577), R(1.1387886347566916), \
    R(1.189207115002721), R(1.241857812073484), R(1.2968395546510096), R(1.3542555469368927)
#define KM_ROOTS_HIGH \
    R(0.70710678118654757), R(0.73841307296974967), R(0.77110541270397037), R(0.80524516597462714), \
    R(0.8408964152537145), R(0.87812608018664973), R(0.91700404320467122), R(0.9576032806985737)
#define KM_ROOTS_LESS_1_LOW \
    R(0.0), R(0.044273782427413838), R(0.090507732665257662), R(0.13878863475669165), \
    R(0.18920711500272105), R(0.24185781207348406), R(0.29683955465100964), R(0.35425554693689271)
#define KM_ROOTS_LESS_1_HIGH \
    R(-0.29289321881345248), R(-0.26158692703025033), R(-0.2288945872960296), R(-0.19475483402537286), \
    R(-0.15910358474628547), R(-0.12187391981335026), R(-0.082995956795328771), R(-0.042396719301426355)
#define KM_BITS_FIRST 0x3fe6800000000000UL
#define KM_ENTRY_BITS 48
#define KM_ROUND_SIXTEENTH R(0x1.8p48)
#endif

/* km_entry(NAME, i): entry i, its lowest four bits, of a table, in every lane. KM_TABLE(NAME) makes one of NAME_LOW, NAME_HIGH. */
#define KM_TABLE(name)
#if KM_SINGLE && KM_LANES == 16
#define km_entry(name, i) (__builtin_astype(__builtin_ia32_permvarsf512((real)(name##_LOW, name##_HIGH), (i)), real))
#elif !KM_SINGLE && KM_LANES == 8
#define km_entry(name, i) (__builtin_astype(__builtin_ia32_vpermi2varpd512((real)(name##_LOW), (i), (real)(name##_HIGH)), real))
#else
#define km_entry(name, i) km_entry_of(name##_TABLE, (i))
#undef KM_TABLE
#define KM_TABLE(name) __constant scalar name##_TABLE[] = {name##_LOW, name##_HIGH};
KM_TABLE(KM_RECIPROCALS)
KM_TABLE(KM_QUARTERS)
KM_TABLE(KM_LOGARITHMS)
KM_TABLE(KM_ROOTS)
KM_TABLE(KM_ROOTS_LESS_1)

KM_INLINE real km_entry_of(__constant scalar *table, const integer i)
{
    real value = (real)R(0.0);

    for (int lane = 0; lane < KM_LANES; lane++)
        ((__private scalar *)&value)[lane] = table[((__private const scalar_integer *)&i)[lane] & 15];
    return value;
}
#endif

#endif
#endif
