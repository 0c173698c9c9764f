/* Which device is used when none is named. */
#include "cmocka_all.h"

#include "engine/device.h"

static const km_device_info pocl = {.type = "CPU", .compute_units = 8, .width_single = 16},
                            without_vectors = {.type = "CPU", .compute_units = 8, .width_single = 1},
                            small_gpu = {.type = "GPU", .compute_units = 4, .width_single = 1},
                            large_gpu = {.type = "GPU", .compute_units = 132, .width_single = 1},
                            silent = {.type = "CPU", .compute_units = 16, .width_single = 0};

static void choose(int expected, int n, const km_device_info *list)
{
    assert_int_equal(km_device_best(list, n), expected);
}

static void test_drivers_of_one_cpu(void **state)
{
    (void)state;
    choose(1, 2, (km_device_info[]){without_vectors, pocl});
    choose(0, 2, (km_device_info[]){pocl, without_vectors});
    choose(1, 2, (km_device_info[]){silent, pocl});
    choose(0, 2, (km_device_info[]){silent, without_vectors});
    choose(0, 2, (km_device_info[]){pocl, pocl});
}

static void test_gpu_first(void **state)
{
    (void)state;
    choose(2, 4, (km_device_info[]){pocl, small_gpu, large_gpu, without_vectors});
    choose(1, 2, (km_device_info[]){pocl, small_gpu});
    choose(0, 1, (km_device_info[]){without_vectors});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_drivers_of_one_cpu), cmocka_unit_test(test_gpu_first)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
