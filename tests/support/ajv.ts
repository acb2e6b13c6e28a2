/** Ajv, a JSON Schema validator that skiff's authors did not write, from the npm registry. */
import { createRequire } from "node:module";
import { unpackTarball } from "./npm_packages.ts";
import { part } from "./parts.ts";

/** With the sha512 that the npm registry states. */
const packages: [name: string, version: string, integrity: string][] = [
  [
    "ajv",
    "8.17.1",
    "B/gBuNg5SiMTrPkC+A2+cW0RszwxYmn6VYxB/inlBStS5nx6xHIt/ehKRhIMhqusl7a8LjQoZnjCs5vhwxOQ1g==",
  ],
  [
    "ajv-formats",
    "3.0.1",
    "8iUql50EUR+uUcdRQ3HDqa6EVyo3docL8g5WJ3FNcWmu62IbkGUue/pEyLBW8VGKKucTPgqeks4fIU1DA4yowQ==",
  ],
  [
    "fast-deep-equal",
    "3.1.3",
    "f3qQ9oQy9j2AhBe/H9VC91wLmKBCCU/gDOnKNAYG5hswO7BLKj09Hc5HYNz9cGI++xlpDCIgDaitVs03ATR84Q==",
  ],
  [
    "fast-uri",
    "3.0.6",
    "Atfo14OibSv5wAp4VWNsFYE1AchQRTv9cBGWET4pZWHzYshFSS9NQI6I57rdKn9croWVMbYFbLhJ+yJvmZIIHw==",
  ],
  [
    "json-schema-traverse",
    "1.0.0",
    "NM8/P9n3XjXhIZn1lLhkFaACTOURQXjWhV4BA/RnOv8xvgqtqpAX9IO4mRQxSx1Rlo4tqzeqb0sOlruaOy3dug==",
  ],
  [
    "require-from-string",
    "2.0.2",
    "Xf0nWe6RseziFMu+Ap9biiUbmplq6S9/p+7w7YXP/JBHhrUDDUhwa+vANyubuqfZWTveU//DYVGsDG7RKL/vEw==",
  ],
];

/** Judges a value under a schema: undefined when it is valid, else what is wrong. */
export type Validate = (schema: unknown, value: unknown) => string | undefined;

export async function ajv(): Promise<Validate> {
  const folder = await part("npm/ajv-8.17.1", async (target) => {
    for (const [name, version, integrity] of packages) {
      const tarball = { path: `${name}/-/${name}-${version}.tgz`, integrity };
      await unpackTarball(tarball, `${target}/node_modules/${name}`);
    }
  });
  const require = createRequire(`${folder}/index.js`);
  const { default: Ajv } = require("ajv/dist/2020.js");
  const validator = new Ajv({ strict: false, validateFormats: true });
  require("ajv-formats").default(validator);
  return (schema, value) => {
    const check = validator.compile(schema);
    return check(value) ? undefined : validator.errorsText(check.errors);
  };
}
