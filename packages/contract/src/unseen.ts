/**
 * One character that has no glyph of its own, or changes how others are shown: controls (ANSI escapes begin with one),
 * formats and bidi controls, what is ignorable, unassigned and private characters, lone surrogates, line separators, and
 * every space but the ordinary one. Whatever shows text from outside marks or replaces these. `@portreeve/verify`, which
 * imports nothing of ours, has a copy; a test compares the two.
 */
export const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|[\p{Zs}--[ ]]/v;
