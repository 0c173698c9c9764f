/* The peers: a program of other solvers (tests/bench/peers.cpp) that integrates the same points on one thread. */
#ifndef KM_CLI_BENCH_PEERS_H
#define KM_CLI_BENCH_PEERS_H

#include "base/diag.h"
#include "cli/bench_result.h"
#include "engine/engine.h"

/* Every solver of `program list` with every tolerance worth trying, for both regimes, appended to bench->peer. `most`:
 * tolerances of a solver at most (0: all). */
km_status km_bench_peers_list(const char *program, int most, km_bench *bench, km_diag *d);

/* Runs the first n rows of a points file; *rate: models per core-second by the peer's own clock. Also sets the peer's
 * steps and failed. Its endpoints go to the file `results`. */
km_status km_bench_peer_run(const char *program, km_bench_peer *peer, const char *points, size_t n, const char *results,
                            double *rate, km_diag *d);

/* The table a peer left: value and state of `out` ([KM_BENCH_ENDS][out->n], the caller's). */
km_status km_bench_peer_read(const char *results, km_results *out, km_diag *d);

#endif
