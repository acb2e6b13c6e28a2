/** Everything that is generated under a schema validates, says Ajv. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import { ajv } from "../../support/ajv.ts";
import { bytesAndMore, randomText, seededRandom } from "../../support/constraint_walk.ts";
import { randomSchema } from "../../support/random_schema.ts";
import { realTest } from "../../support/parts.ts";

const schemas = 300;
const textsASchema = 3;

realTest("texts generated at random under random schemas validate", ajv, (validate) => {
  let ended = 0;
  const impossible: unknown[] = [];
  for (let seed = 1; seed <= schemas; seed++) {
    const random = seededRandom(seed);
    const schema = randomSchema(random);
    let constraint;
    try {
      constraint = compileConstraint({ kind: "json_schema", schema, strict: true }, bytesAndMore);
    } catch (error) {
      // A schema made at random may allow nothing; it must not be refused for another reason.
      if (!/no finite text/.test((error as Error).message)) throw error;
      impossible.push(schema);
      continue;
    }
    for (let i = 0; i < textsASchema; i++) {
      const text = randomText(constraint, bytesAndMore, random);
      if (text === undefined) continue;
      ended++;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        throw new Error(`${text} is not JSON, under ${JSON.stringify(schema)}`, { cause: error });
      }
      strictEqual(validate(schema, value), undefined, `${text} under ${JSON.stringify(schema)}`);
      deepStrictEqual(constraint.start(text)?.allows(256), true);
    }
  }
  ok(ended > schemas * textsASchema * 0.8, `${ended} texts ended`);
  ok(impossible.length < schemas / 10, `${impossible.length} schemas allow nothing`);
});
