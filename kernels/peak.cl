/* The device's own multiply-add rate: twelve chains a lane that live in registers. Built alone, with
 * -DKM_PEAK_REAL=float16 -DKM_PEAK_SCALAR=float and the like. 24 flops a lane and turn. */
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

__kernel void km_peak(__global KM_PEAK_SCALAR *out, const int turns)
{
    KM_PEAK_REAL chain[12], sum = (KM_PEAK_REAL)(0);
    const KM_PEAK_REAL factor = (KM_PEAK_REAL)((KM_PEAK_SCALAR)0.999f), part = (KM_PEAK_REAL)((KM_PEAK_SCALAR)0.001f);

    for (int i = 0; i < 12; i++)
        chain[i] = (KM_PEAK_REAL)((KM_PEAK_SCALAR)(i + (int)get_global_id(0)));
    for (int k = 0; k < turns; k++) {
        _Pragma("unroll") for (int i = 0; i < 12; i++) chain[i] = fma(chain[i], factor, part);
    }
    for (int i = 0; i < 12; i++)
        sum += chain[i];
    out[get_global_id(0)] = ((__private KM_PEAK_SCALAR *)&sum)[0] + ((__private KM_PEAK_SCALAR *)&sum)[KM_PEAK_LANES - 1];
}
