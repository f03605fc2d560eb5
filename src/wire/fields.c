#include "wire/fields.h"

void error_fields_read(const struct msg *m, struct error_fields *out)
{
        struct reader r = reader_of(m);
        struct sv localised = SV("");

        *out = (struct error_fields){SV(""), SV(""), SV(""), SV("")};
        for (;;) {
                uint8_t code = take_u8(&r);
                struct sv value;

                if (code == 0 || r.failed)
                        break;
                value = take_cstr(&r);
                if (r.failed)
                        break;
                if (code == 'V')
                        out->severity = value;
                else if (code == 'S')
                        localised = value;
                else if (code == 'C')
                        out->sqlstate = value;
                else if (code == 'M')
                        out->text = value;
                else if (code == 'R')
                        out->routine = value;
        }
        if (out->severity.n == 0)
                out->severity = localised;
}

bool sqlstate_is_shutdown(struct sv sqlstate)
{
        return sv_is(sqlstate, "57P01") || sv_is(sqlstate, "57P02") || sv_is(sqlstate, "57P03");
}

bool sqlstate_is_read_only(struct sv sqlstate)
{
        return sv_is(sqlstate, "25006");
}
