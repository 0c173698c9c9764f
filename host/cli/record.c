#include "cli/record.h"

#include "base/json.h"

#include <stdlib.h>

static void add_date(km_text *out, const char *key, time_t when)
{
    char text[32];
    struct tm utc;

    gmtime_r(&when, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    km_text_add(out, "    \"%s\": \"%s\",\n", key, text);
}

static void add_quoted(km_text *out, const char *key, const char *value)
{
    char *quoted = km_json_quote(value);

    km_text_add(out, "    \"%s\": %s,\n", key, quoted);
    free(quoted);
}

void km_record_begin(km_text *out, const km_engine_facts *f, const km_arguments *a, time_t begun)
{
    km_text_add(out, "{\n");
    add_quoted(out, "version", KM_VERSION);
    add_date(out, "begun", begun);
    add_date(out, "finished", time(NULL));
    add_quoted(out, "device", f->device);
    add_quoted(out, "driver", f->driver);
    add_quoted(out, "platform", f->platform);
    km_text_add(out, "    \"command\": [\"ketamap\"");
    for (int i = 0; i < a->argc; i++) {
        char *quoted = km_json_quote(a->argv[i]);
        km_text_add(out, ", %s", quoted);
        free(quoted);
    }
    km_text_add(out, "],\n    \"compute_units\": %d,\n    \"batch\": %zu,\n", f->compute_units, f->batch);
    km_text_add(out, "    \"tuning\": {\"class\": \"%s\", \"measured\": %s, \"local\": %d, \"points_per_item\": %d},\n", f->tuning.class_name,
                f->tuning.measured ? "true" : "false", f->tuning.local, f->tuning.points_per_item);
}
