/*
 * Prints protocol.def as TypeScript (`make protocol` writes it to orchestrator/helper/protocol.ts).
 *
 * Runs on the machine that builds, and is no part of nsinit. Every list of protocol.def becomes one const object, each
 * entry's doc its comment; what is more than a number (a tag's type, an operation's fields) becomes a table beside it.
 */
#include <stdint.h>
#include <stdio.h>

#ifndef PROTOCOL_HASH
#error "PROTOCOL_HASH: the first 16 hex digits of protocol.def's sha256, which the Makefile gives"
#endif

enum tag {
#define TAG(name, value, type, repeats, doc) TAG_##name = value,
#include "../protocol.def"
#undef TAG
};

static const char *const tag_names[128] = {
#define TAG(name, value, type, repeats, doc) [value] = #name,
#include "../protocol.def"
#undef TAG
};

/** What stands in a comment must not end it. */
static void print_comment(const char *text) {
	for (const char *at = text; *at != '\0'; at++) {
		if (at[0] == '*' && at[1] == '/')
			fputs("* ", stdout);
		else
			putchar(*at);
	}
}

static void print_string(const char *text) {
	putchar('\'');
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\'' || *at == '\\')
			putchar('\\');
		putchar(*at);
	}
	putchar('\'');
}

static void print_entry(const char *name, uint64_t value, const char *doc) {
	if (doc != NULL) {
		fputs("\t/** ", stdout);
		print_comment(doc);
		puts(" */");
	}
	printf("\t%s: %llu,\n", name, (unsigned long long)value);
}

static void begin(const char *name, const char *doc) {
	printf("\n/** %s */\nexport const %s = {\n", doc, name);
}

/** Ends a const object, and gives the union of its values the same name as a type. */
static void end(const char *name) {
	printf("} as const;\nexport type %s = (typeof %s)[keyof typeof %s];\n", name, name, name);
}

/** A bit for each tag. */
__extension__ typedef unsigned __int128 tags;

static void print_mask(const char *key, tags mask) {
	const char *separator = "";

	printf("%s: [", key);
	for (unsigned int tag = 0; tag < 128; tag++) {
		if ((mask & ((tags)1 << tag)) == 0)
			continue;
		printf("%sTag.%s", separator, tag_names[tag]);
		separator = ", ";
	}
	fputs("]", stdout);
}

static void print_kinds(void) {
	begin("Kind", "Kinds of frames.");
#define KIND(name, value, direction, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef KIND
	end("Kind");

	puts("\nexport interface KindEntry {\n\treadonly name: keyof typeof Kind;\n"
	     "\t/** As the helper sees it. */\n\treadonly direction: 'in' | 'out';\n}\n"
	     "\n/** Every kind by its number. */\nexport const kindTable: Readonly<Record<Kind, KindEntry>> = {");
#define IN "in"
#define OUT "out"
#define KIND(name, value, direction, doc) printf("\t[Kind.%s]: {name: '%s', direction: '%s'},\n", #name, #name, direction);
#include "../protocol.def"
#undef KIND
	puts("};");
}

static void print_tags(void) {
	begin("Tag", "Tags of fields.");
#define TAG(name, value, type, repeats, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef TAG
	end("Tag");

	puts("\n/** What a field's bytes are. */\n"
	     "export type TagType = 'U32' | 'U64' | 'S64' | 'STR' | 'BYTES' | 'FLAG';\n"
	     "\nexport interface TagEntry {\n\treadonly name: keyof typeof Tag;\n\treadonly type: TagType;\n"
	     "\t/** May stand more than once. */\n\treadonly repeats: boolean;\n}\n"
	     "\n/** Every tag by its number. */\nexport const tagTable: Readonly<Record<Tag, TagEntry>> = {");
#define TAG(name, value, type, repeats, doc) \
	printf("\t[Tag.%s]: {name: '%s', type: '%s', repeats: %s},\n", #name, #name, #type, (repeats) ? "true" : "false");
#include "../protocol.def"
#undef TAG
	puts("};");
}

static void print_ops(void) {
#define T(name) ((tags)1 << TAG_##name)
	begin("Op", "Operations.");
#define OP(name, value, required, optional, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef OP
	end("Op");

	puts("\nexport interface OpEntry {\n\treadonly name: keyof typeof Op;\n"
	     "\treadonly required: readonly Tag[];\n\treadonly optional: readonly Tag[];\n}\n"
	     "\n/** Every operation by its number, and the fields it takes. */\n"
	     "export const opTable: Readonly<Record<Op, OpEntry>> = {");
#define OP(name, value, required, optional, doc)        \
	printf("\t[Op.%s]: {name: '%s', ", #name, #name); \
	print_mask("required", required);                 \
	print_mask(", optional", optional);               \
	puts("},");
#include "../protocol.def"
#undef OP
#undef T
	puts("};");
}

static void print_steps(void) {
	begin("Step", "Steps named in errors.");
#define STEP(name, value, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef STEP
	end("Step");

	puts("\nexport interface StepEntry {\n\treadonly name: keyof typeof Step;\n\treadonly doc: string;\n}\n"
	     "\n/** Every step by its number, in words. */\nexport const stepTable: Readonly<Record<Step, StepEntry>> = {");
#define STEP(name, value, doc)                               \
	printf("\t[Step.%s]: {name: '%s', doc: ", #name, #name); \
	print_string(doc);                                       \
	puts("},");
#include "../protocol.def"
#undef STEP
	puts("};");
}

static void print_numbers(void) {
	begin("Attribute", "Mount attributes, as MOUNT_ATTR_* of mount_setattr(2).");
#define ATTR(name, value) print_entry(#name, value, NULL);
#include "../protocol.def"
#undef ATTR
	end("Attribute");

	begin("Flag", "Flags of operations.");
#define FLAG(name, value, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef FLAG
	end("Flag");

	begin("Stream", "Values of STDIN, STDOUT, STDERR beside descriptor numbers.");
#define STREAM(name, value, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef STREAM
	end("Stream");

	begin("Restart", "Values of RESTART.");
#define RESTART(name, value, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef RESTART
	end("Restart");

	begin("Forgo", "Newer kernel features a test can do without.");
#define FORGO(name, value, doc) print_entry(#name, value, doc);
#include "../protocol.def"
#undef FORGO
	end("Forgo");
}

int main(void) {
	puts("/**\n * The protocol between the orchestrator and nsinit, printed from helper-c/protocol.def by `make protocol`.\n"
	     " * Never edited by hand: the checks fail when it is stale.\n */");
	printf("\n/** The first 64 bits of protocol.def's sha256; HELLO carries the helper's, and a mismatch refuses to run. */\n"
	       "export const PROTOCOL_HASH = 0x%016llxn;\n", (unsigned long long)PROTOCOL_HASH);

	begin("Limit", "Limits, each with its reason.");
#define LIMIT(name, value, why) print_entry(#name, value, why);
#include "../protocol.def"
#undef LIMIT
	puts("} as const;");

	print_kinds();
	print_tags();
	print_ops();
	print_steps();
	print_numbers();
	return ferror(stdout) != 0 || fflush(stdout) != 0;
}
