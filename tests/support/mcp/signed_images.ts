/** Signatures of images in cosign's form, by keys that are made here, right or wrong in one way. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The signer, the one before it, the transparency log, and somebody else. */
export const keys = { docker: pair(), older: pair(), rekor: pair(), other: pair() };

export const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

export interface SignatureFaults {
  signer?: KeyObject;
  log?: KeyObject;
  /** The digest that the statement is about. */
  about?: string;
  unlogged?: boolean;
  otherEntry?: boolean;
  unsigned?: boolean;
  /** The promise without the log's signature. */
  unpromised?: boolean;
  /** Changed after it was signed or logged. */
  edited?: "payload" | "blob" | "time" | "body";
}

export interface SignatureLayer {
  /** What the registry has at the digest of `payload`; something else only where it is the fault. */
  body: Uint8Array<ArrayBuffer>;
  payload: Uint8Array<ArrayBuffer>;
  annotations: Record<string, string>;
}

export const signatureType = "application/vnd.dev.cosign.simplesigning.v1+json";
/** The tag in the repository of signatures. */
export const signatureTag = (digest: string) => `${digest.replace(":", "-")}.sig`;

const bytes = (text: string) => new TextEncoder().encode(text);
const signed = (key: KeyObject, data: string) => sign("sha256", bytes(data), key).toString("base64");

/** What `cosign sign --key` puts into a registry for the image with this digest. */
export function signatureLayer(digest: string, faults: SignatureFaults = {}): SignatureLayer {
  const { signer = keys.docker.privateKey, log = keys.rekor.privateKey, edited } = faults;
  const payload = JSON.stringify({
    critical: {
      identity: { "docker-reference": "docker.io/mcp/notes" },
      image: { "docker-manifest-digest": faults.about ?? digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  const signature = signed(signer, payload);
  const record = logRecord(payload, signature, faults.otherEntry ?? false);
  const promise = faults.unpromised ? {} : { SignedEntryTimestamp: signed(log, JSON.stringify(record)) };
  if (edited === "time") record.integratedTime += 3600;
  if (edited === "body") record.body = btoa(JSON.stringify({ kind: "other" }));
  const stored = edited === "payload" ? payload.replace("optional", "extra") : payload;
  return {
    payload: bytes(stored),
    body: bytes(edited === "blob" ? stored.replace("critical", "CRITICAL") : stored),
    annotations: {
      ...(faults.unsigned ? {} : { "dev.cosignproject.cosign/signature": signature }),
      ...(faults.unlogged
        ? {}
        : { "dev.sigstore.cosign/bundle": JSON.stringify({ ...promise, Payload: record }) }),
    },
  };
}

function logRecord(payload: string, signature: string, isOther: boolean) {
  const hash = createHash("sha256").update(payload).digest("hex");
  const entry = {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: isOther ? "00" : hash } },
      signature: { content: signature, publicKey: { content: btoa(pem(keys.docker.publicKey)) } },
    },
  };
  return { body: btoa(JSON.stringify(entry)), integratedTime: 1_700_000_000, logID: "c0d2", logIndex: 7 };
}
