/** Models whose template has no format for calls: a JSON envelope, enforced by grammar. */
import { jsonCall, literal } from "../call_grammar.ts";
import { envelope } from "../parse/bare_calls.ts";
import { type Family, think } from "./family.ts";

export const generic: Family = {
  name: "generic",
  matches: () => true,
  syntax: { reasoning: think, calls: [], bare: envelope },
  grammar: {
    open: `"{" space ${literal('"tool_calls"')} space ":" space "[" space`,
    call: jsonCall(),
    separator: 'space "," space',
    close: 'space "]" space "}"',
    direct: `"{" space ${literal('"response"')} space ":" space answer space "}" space`,
  },
};
