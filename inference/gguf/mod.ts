/**
 * GGUF files: header, metadata, tensors and their layout. `openGguf` for files, `readGguf` for bytes from
 * anywhere; neither reads tensor data, so a file of any size is inspected in milliseconds.
 */
export { type ByteSource, bytesSource, type FileSource, fileSource } from "./byte_source.ts";
export { describeModel, formatMebibytes, formatParameters, parameterCount } from "./describe_model.ts";
export { fileTypeName } from "./file_types.ts";
export { kvBytes, kvBytesPerToken, weightBytes } from "./memory.ts";
export { Metadata, type MetadataEntry, type MetadataValue, type NumericArray } from "./metadata.ts";
export { type Gguf, openGguf, shardPaths } from "./open_gguf.ts";
export { type GgufFile, type GgufTensor, readGguf } from "./read_gguf.ts";
export { findTensor, readTensor, type TensorRange } from "./read_tensor.ts";
export { StringArray } from "./string_array.ts";
export {
  tensorBytes,
  type TensorType,
  tensorType,
  tensorTypeById,
  type TensorTypeName,
  tensorTypes,
} from "./tensor_types.ts";
