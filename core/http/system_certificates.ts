/**
 * The certificates that this machine trusts, for networks whose proxy has one of its own: Deno before 2.9
 * knows only Mozilla's, whatever the system's administrator has added.
 */

const places = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/ssl/cert.pem", // macOS, BSD
];

let client: Promise<Deno.HttpClient | undefined> | undefined;

/** A client that also trusts SSL_CERT_FILE or the system's bundle; undefined where there is none. */
export function systemTrustClient(): Promise<Deno.HttpClient | undefined> {
  return client ??= makeClient();
}

async function makeClient(): Promise<Deno.HttpClient | undefined> {
  const bundle = await systemBundle();
  return bundle === undefined ? undefined : Deno.createHttpClient({ caCerts: [bundle] });
}

/** The certificates of SSL_CERT_FILE or of the system, PEM; undefined where there are none. */
export async function systemBundle(): Promise<string | undefined> {
  const named = Deno.env.get("SSL_CERT_FILE");
  for (const place of named ? [named, ...places] : places) {
    const bundle = await Deno.readTextFile(place).catch(() => undefined);
    if (bundle !== undefined) return bundle;
  }
  return undefined;
}
