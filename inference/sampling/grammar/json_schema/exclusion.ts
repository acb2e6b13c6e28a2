/** Whether what is generated for one schema can satisfy another: oneOf needs that it cannot. */
import type { SchemaReader } from "./reader.ts";
import { type Alternative, anything, meet, type ObjectShape } from "./shapes.ts";
import { fitsAny } from "./values.ts";

/** How deep the properties of objects are compared; recursive schemas end the comparison there. */
const deepest = 4;

/** No value that is generated for `made` satisfies `other`. May say false where a closer look would say true. */
export function excludes(
  reader: SchemaReader,
  made: Alternative[],
  other: Alternative[],
  depth = 0,
): boolean {
  return made.every((one) =>
    other.every((two) => {
      if (one.type === "object" && two.type === "object" && lacksRequired(one, two)) return true;
      const common = meet([one], [two], (value, alternative) => fitsAny(reader, value, [alternative]));
      return common.every((alternative) =>
        alternative.type === "object" && isImpossible(reader, alternative, depth)
      );
    })
  );
}

/** Objects are generated with the declared properties only, unless the schema speaks of others. */
function lacksRequired(made: ObjectShape, other: ObjectShape): boolean {
  if (made.properties.size === 0 || made.patterns.length > 0 || Array.isArray(made.additional)) return false;
  return [...other.required].some((name) => !made.properties.get(name));
}

function isImpossible(reader: SchemaReader, shape: ObjectShape, depth: number): boolean {
  if (depth >= deepest) return false;
  return [...shape.required].some((name) => {
    const pointers = shape.properties.get(name) || [];
    const wanted = pointers.filter((p) => !reader.isReading(p)).map((pointer) => reader.read(pointer));
    for (let i = 0; i < wanted.length; i++) {
      for (let k = 0; k < i; k++) if (excludes(reader, wanted[i], wanted[k], depth + 1)) return true;
    }
    return wanted.reduce((a, b) => meet(a, b, (v, x) => fitsAny(reader, v, [x])), anything()).length === 0;
  });
}
