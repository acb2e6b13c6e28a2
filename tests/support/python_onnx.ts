/**
 * Microsoft's onnxruntime and Hugging Face's tokenizers, to compare with: native code run by the machine's python3
 * out of the wheels.
 */
import { wheelFolder } from "./packages.ts";

const script = `
import json, sys, numpy, onnxruntime, tokenizers

def run(case):
    if "tokenizer" in case:
        tokenizer = tokenizers.Tokenizer.from_file(case["tokenizer"])
        tokenizer.no_truncation()
        tokenizer.no_padding()
        encoded = [tokenizer.encode(*text, add_special_tokens=case["special"]) if isinstance(text, list)
                   else tokenizer.encode(text, add_special_tokens=case["special"]) for text in case["texts"]]
        return {"ids": [one.ids for one in encoded], "types": [one.type_ids for one in encoded]}
    session = onnxruntime.InferenceSession(case["model"], providers=["CPUExecutionProvider"])
    feeds = {}
    for wanted in session.get_inputs():
        if wanted.name in case["inputs"]:
            feeds[wanted.name] = numpy.array(case["inputs"][wanted.name], dtype=numpy.int64)
        else:
            shape = [0 if size == "past_sequence_length" else size if isinstance(size, int) else 1 for size in wanted.shape]
            feeds[wanted.name] = numpy.zeros(shape, dtype=numpy.float32)
    value = session.run([case["output"]], feeds)[0]
    return {"dims": list(value.shape), "data": value.astype(numpy.float64).ravel().tolist()}

json.dump([run(case) for case in json.load(open(sys.argv[1]))], sys.stdout)
`;

export interface PythonRun {
  /** Path of the graph. */
  model: string;
  /** Whole numbers by the name of the input; others are left empty. */
  inputs: Record<string, number[][]>;
  output: string;
}

export interface PythonEncoding {
  /** Path of tokenizer.json. */
  tokenizer: string;
  texts: (string | [string, string])[];
  /** Add special tokens. */
  special: boolean;
}

export interface PythonOnnx {
  run(run: PythonRun): Promise<{ dims: number[]; data: number[] }>;
  encode(encoding: PythonEncoding): Promise<{ ids: number[][]; types: number[][] }>;
}

/** Throws when python3 is missing or is of another version than the wheels are for. */
export async function pythonOnnx(): Promise<PythonOnnx> {
  const folders = [
    await wheelFolder("onnxruntime", "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl"),
    await wheelFolder("numpy", "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"),
    await wheelFolder(
      "tokenizers",
      "tokenizers-0.23.3-cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ),
  ];
  const python = (...args: string[]) =>
    new Deno.Command("python3", {
      args,
      env: { PYTHONPATH: folders.join(":"), PYTHONDONTWRITEBYTECODE: "1" },
    });
  const probe = await python("-S", "-c", "import onnxruntime, numpy, tokenizers").output();
  if (!probe.success) throw new Error(new TextDecoder().decode(probe.stderr).trim().split("\n").at(-1));
  const ask = async (request: PythonRun | PythonEncoding) => {
    const input = await Deno.makeTempFile({ prefix: "skiff-onnx" });
    try {
      await Deno.writeTextFile(input, JSON.stringify([request]));
      const { success, stdout, stderr } = await python("-S", "-c", script, input).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout))[0];
    } finally {
      await Deno.remove(input);
    }
  };
  return { run: ask, encode: ask };
}
