/* The text form of an expression or query as the server keeps it (pg_node_tree): "{OPEXPR :opno 96 :opfuncid
 * 65
 * ...". Only the fields that name functions, relations, types and operators are looked for, whatever node
 * they are in, so that new kinds of nodes need nothing new here. */
#include "router/judge.h"

#include <stdlib.h>
#include <string.h>

struct field {
        struct sv name; /* with the blank behind it */
        char class;     /* 0: an alarm, when the value is not 0 or false */
};

/* Every node that calls a function names it in one of these; casts through text and values of a type name the
 * type. (The functions of sorting and hashing are found by the types: judge.h.) */
static const struct field fields[] = {
#define FIELD(name, class)                                                                                   \
        {                                                                                                    \
                {name " ", sizeof(name)}, class                                                              \
        }
    FIELD("aggfnoid", 'f'),   FIELD("consttype", 't'),  FIELD("eqop", 'o'),       FIELD("funcid", 'f'),
    FIELD("hasForUpdate", 0), FIELD("hashfuncid", 'f'), FIELD("negfuncid", 'f'),  FIELD("opfuncid", 'f'),
    FIELD("opno", 'o'),       FIELD("relid", 'r'),      FIELD("resulttype", 't'), FIELD("seqid", 0),
    FIELD("sortop", 'o'),     FIELD("typid", 't'),      FIELD("vartype", 't'),    FIELD("winfnoid", 'f'),
#undef FIELD
};

static void read_value(const struct field *field, const char *value, const struct tree_finds *finds)
{
        unsigned long oid = strtoul(value, NULL, 10);

        if (field->class == 0) {
                if (oid > 0 || *value == 't')
                        finds->alarm(finds->arg);
        } else if (oid > 0) {
                finds->found(finds->arg, field->class, (uint32_t)oid);
        }
}

/* Some fields hold a list: "(o 96 97)". */
static void read_list(const char *list, char class, const struct tree_finds *finds)
{
        char *next;

        if (strncmp(list, "(o ", 3) != 0)
                return;
        for (list += 2; *list == ' '; list = next) {
                unsigned long oid = strtoul(list, &next, 10);

                if (next == list)
                        return;
                finds->found(finds->arg, class, (uint32_t)oid);
        }
}

void judge_read_tree(const char *tree, const struct tree_finds *finds)
{
        while ((tree = strchr(tree, ':')) != NULL) {
                tree++;
                if (strncmp(tree, "opnos ", 6) == 0) /* a comparison of rows */
                        read_list(tree + 6, 'o', finds);
                else if (strncmp(tree, "coltypes ", 9) == 0) /* XMLTABLE, JSON_TABLE */
                        read_list(tree + 9, 't', finds);
                else if (strncmp(tree, "funccoltypes ", 13) == 0) /* function() AS (column type) */
                        read_list(tree + 13, 't', finds);
                for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
                        if (*tree == *fields[i].name.p &&
                            strncmp(tree, fields[i].name.p, fields[i].name.n) == 0)
                                read_value(&fields[i], tree + fields[i].name.n, finds);
        }
}
