/** Whether what is generated for one schema can satisfy another: oneOf needs that it cannot. */
import type { SchemaReader } from "./reader.ts";
import { type Alternative, anything, meet, type ObjectShape } from "./shapes.ts";
import { fitsAny } from "./values.ts";

/** How deep the properties of objects are compared; recursive schemas end the comparison there. */
const deepest = 4;

/** Told of a property that an object must not have for the answer to hold. */
export type Forbid = (shape: ObjectShape, property: string) => void;

/**
 * No value that is generated for `made` satisfies `other`. With `forbid`, also where that is so once objects
 * keep from properties that `other` requires and they do not declare. May say false where a closer look would
 * say true.
 */
export function excludes(
  reader: SchemaReader,
  made: Alternative[],
  other: Alternative[],
  { forbid, depth = 0 }: { forbid?: Forbid; depth?: number } = {},
): boolean {
  return made.every((one) =>
    other.every((two) => {
      const common = meet([one], [two], (value, alternative) => fitsAny(reader, value, [alternative]));
      if (common.every((c) => c.type === "object" && isImpossible(reader, c, depth))) return true;
      if (!forbid || one.type !== "object" || two.type !== "object") return false;
      const lacking = lackingProperty(one, two);
      if (lacking !== undefined) forbid(one, lacking);
      return lacking !== undefined;
    })
  );
}

/** Objects are generated with the declared properties only, unless the schema speaks of others. */
function lackingProperty(made: ObjectShape, other: ObjectShape): string | undefined {
  if (made.properties.size === 0 || made.patterns.length > 0 || Array.isArray(made.additional)) {
    return undefined;
  }
  return [...other.required].find((name) => !made.properties.get(name));
}

function isImpossible(reader: SchemaReader, shape: ObjectShape, depth: number): boolean {
  if (depth >= deepest) return false;
  return [...shape.required].some((name) => {
    const pointers = shape.properties.get(name) || [];
    const wanted = pointers.filter((p) => !reader.isReading(p)).map((pointer) => reader.read(pointer));
    for (let i = 0; i < wanted.length; i++) {
      for (let k = 0; k < i; k++) {
        if (excludes(reader, wanted[i], wanted[k], { depth: depth + 1 })) return true;
      }
    }
    return wanted.reduce((a, b) => meet(a, b, (v, x) => fitsAny(reader, v, [x])), anything()).length === 0;
  });
}
