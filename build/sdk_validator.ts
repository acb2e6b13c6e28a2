/**
 * Leaves ajv out: the MCP SDK loads it for clients and servers that bring no validator of their own. skiff's all do
 * (`noValidation`: whoever asked has the schemas), and its loading costs every gateway 10 ms at the start.
 */
import type { Plugin } from "esbuild";

const contents = `export class AjvJsonSchemaValidator {
  getValidator() { return (data) => ({ valid: true, data, errorMessage: undefined }); }
}`;

export const sdkValidator: Plugin = {
  name: "sdk-validator",
  setup(build) {
    const filter = /@modelcontextprotocol[\\/]sdk[\\/]dist[\\/]esm[\\/]validation[\\/]ajv-provider\.js$/;
    build.onLoad({ filter }, () => ({ contents, loader: "js" }));
  },
};
