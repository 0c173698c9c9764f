/* ketamap plot: a picture of a map. */
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "view/plot.h"

#include <stdio.h>
#include <stdlib.h>

/* What --output names, without the ending of a picture: "a.png" means a.png, not a.png.png. NULL if not given. */
static char *prefix_of(const char *output)
{
    const size_t png = output ? km_text_length_without(output, ".png") : 0, svg = output ? km_text_length_without(output, ".svg") : 0;

    return output ? km_format("%.*s", (int)(png < svg ? png : svg), output) : NULL;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    char *prefix = prefix_of(km_argument(a, "output"));
    km_plot_options o = {.endpoint = km_argument(a, "endpoint"), .x = km_argument(a, "x"), .y = km_argument(a, "y"),
                         .at = a->set, .n_at = a->n_set, .prefix = prefix};
    char *picture = NULL;
    km_status st = km_plot(a->positional[0], &o, &picture, d);

    if (picture)
        printf("%s\n", picture);
    free(picture);
    free(prefix);
    return st;
}

static const km_option options[] = {
    {"endpoint", "NAME", "what to draw; by default the study's first endpoint"},
    {"x", "NAME", "axis or factor along the bottom; by default the first"},
    {"y", "NAME", "axis up the side; by default the second; of a map over points an endpoint or a factor"},
    {"at", "AXIS=VALUE", "another axis' value, the nearest there is; the middle by default; may be given again"},
    {"output", "PREFIX", "PREFIX.png, .svg, .gp and .tsv; by default beside the map"},
    KM_OPTION_STRICT, KM_OPTION_QUIET, {0}};

const km_command km_command_plot = {
    "plot", "a labelled heatmap of two axes of a map, or its points (PNG and SVG)", "MAP", 1,
    "Draws one endpoint over two axes, or a dot for every point of a design that is no grid, with gnuplot, and keeps the\n"
    "script and its table beside the picture, to be changed. Prints the picture's path. Without gnuplot it says so and\n"
    "leaves the script.",
    "ketamap plot results/quickstart.zarr --endpoint duration --x dose --y density", options, run};
