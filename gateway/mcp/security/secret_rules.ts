/**
 * Table of credentials that can be told from other text by their form: the prefixes and lengths that their
 * issuers document. What has no form of its own (AWS secret keys, passwords) needs its name before it.
 * tests/bench/mcp/secret_scan.ts measures how often they are wrong.
 */
import { isLiveToken, isWrittenPassword } from "./secret_checks.ts";

export interface SecretRule {
  id: string;
  /** Fixed texts, in any case, at one of which the pattern is tried; they make the scan fast. */
  anchors: string[];
  /** Sticky, from the anchor on; what stands before it is in a lookbehind. The group `secret`, else all of it. */
  pattern: RegExp;
  /** Least Shannon entropy of the secret, bits a character: sorts out placeholders. */
  entropy: number;
  /** What the form alone does not say. */
  check?(secret: string): boolean;
}

type Further = Partial<Pick<SecretRule, "entropy" | "check">> & { flags?: string };

/** Anchors with spaces between. */
function rule(
  id: string,
  anchors: string,
  source: string,
  { flags = "", ...further }: Further = {},
): SecretRule {
  return {
    id,
    anchors: anchors.split(" "),
    pattern: new RegExp(source, `dy${flags}`),
    entropy: 3,
    ...further,
  };
}

/** Begins, and ends, where no word or token goes on. */
const start = String.raw`(?<![A-Za-z0-9_-])`;
const end = String.raw`(?![A-Za-z0-9_-])`;

/** A prefix that says whose it is, and a rest of a known form. */
const token = (id: string, prefix: string, rest: string, further?: Further) =>
  rule(id, prefix, `${start}${prefix.replaceAll(".", "[.]")}${rest}${end}`, further);

/** One of several prefixes. */
const tokens = (id: string, prefixes: string, rest: string, further?: Further) =>
  rule(
    id,
    prefixes,
    `${start}(?:${prefixes.replaceAll(".", "[.]").replaceAll(" ", "|")})${rest}${end}`,
    further,
  );

/** A value behind its name, as in settings, JSON and code; the name begins with one of the anchors. */
const named = (id: string, anchors: string, name: string, value: string, further?: Further) =>
  rule(
    id,
    anchors,
    `(?:${name})[\\\\"'\\]]{0,9}\\s{0,3}(?:=>|:=|=|:)\\s{0,3}[\\\\"'\`]{0,9}(?<secret>${value})(?![A-Za-z0-9_+/-])`,
    { flags: "i", ...further },
  );

/** White space, also as JSON writes it, once or more often. */
const space = String.raw`(?:\s|\\+[nrt])*`;
/** As old formats have them before the key. */
const headers = String.raw`(?:[A-Za-z-]{3,20}: ?[^\n\\]{1,100}(?:\n|\r|\\+[nr])${space}){0,4}`;

export const secretRules: SecretRule[] = [
  rule(
    "private-key",
    "-----BEGIN",
    `-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----${space}${headers}` +
      String.raw`(?<secret>[A-Za-z0-9+/=\s\\]{60,20000})`,
  ),
  tokens("aws-access-key-id", "AKIA ASIA ABIA ACCA", "[A-Z2-7]{16}"),
  named(
    "aws-secret-access-key",
    "aws_secret aws-secret awssecret secret_access secret-access secretaccess",
    "aws[_-]?secret[_-]?(?:access[_-]?)?key|secret[_-]?access[_-]?key",
    "[A-Za-z0-9/+]{40}",
    { entropy: 4 },
  ),
  tokens("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{36,251}"),
  token("github-fine-grained-token", "github_pat_", "[A-Za-z0-9_]{82}"),
  tokens("gitlab-token", "glpat- gldt- glrt- glptt- glcbt- glsoat-", "[A-Za-z0-9_.-]{20,300}"),
  tokens("docker-token", "dckr_pat_ dckr_oat_", "[A-Za-z0-9_-]{27,32}"),
  rule(
    "docker-config-auth",
    '"auths',
    String
      .raw`"auths\\*"${space}:${space}\{[\s\S]{0,300}?"auth\\*"${space}:${space}\\*"(?<secret>[A-Za-z0-9+/]{16,}={0,2})`,
  ),
  token("hugging-face-token", "hf_", "[A-Za-z]{34}", { entropy: 4 }),
  token("openai-key", "sk-", "(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}"),
  token("anthropic-key", "sk-ant-", "(?:api|admin|oat|sid)[0-9]{2}-[A-Za-z0-9_-]{80,}"),
  token("openrouter-key", "sk-or-v1-", "[0-9a-f]{64}"),
  token("groq-key", "gsk_", "[A-Za-z0-9]{52}"),
  token("xai-key", "xai-", "[A-Za-z0-9]{80}"),
  token("perplexity-key", "pplx-", "[A-Za-z0-9]{48}"),
  token("replicate-token", "r8_", "[A-Za-z0-9]{37}"),
  token("google-api-key", "AIza", "[A-Za-z0-9_-]{35}"),
  token("google-oauth-token", "ya29.", "[A-Za-z0-9_-]{60,}"),
  token("google-oauth-secret", "GOCSPX-", "[A-Za-z0-9_-]{28}"),
  tokens("slack-token", "xoxa- xoxb- xoxe- xoxp- xoxr- xoxs-", "(?:[0-9]{1,13}-){1,3}[A-Za-z0-9-]{16,}"),
  token("slack-app-token", "xapp-", "[0-9]-[A-Z0-9]{9,}-[0-9]{10,}-[a-f0-9]{60,}"),
  rule(
    "slack-webhook",
    "hooks.slack.com",
    String
      .raw`hooks\.slack\.com/(?:services|workflows|triggers)/(?<secret>[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{20,})`,
  ),
  rule(
    "discord-webhook",
    "discord.com/api discordapp.com/api",
    String.raw`discord(?:app)?\.com/api/webhooks/(?<secret>[0-9]{17,20}/[A-Za-z0-9_-]{60,})`,
  ),
  named(
    "discord-bot-token",
    "discord bot_token bottoken",
    "discord\\w{0,20}token|bot_?token",
    "[MNO][A-Za-z\\d_-]{23,27}\\.[A-Za-z\\d_-]{6}\\.[A-Za-z\\d_-]{27,38}",
    { entropy: 4 },
  ),
  rule("telegram-bot-token", ":AA", `(?<=${start}(?:bot)?[0-9]{8,10}):AA[A-Za-z0-9_-]{33}${end}`, {
    entropy: 4,
  }),
  tokens("stripe-key", "sk_live_ rk_live_ sk_test_ rk_test_", "[A-Za-z0-9]{24,247}"),
  token("stripe-webhook-secret", "whsec_", "[A-Za-z0-9+/]{32,}", { entropy: 4 }),
  tokens("square-token", "sq0atp- sq0csp-", "[A-Za-z0-9_-]{22,43}"),
  tokens("shopify-token", "shpat_ shpca_ shppa_ shpss_", "[a-fA-F0-9]{32}"),
  token("npm-token", "npm_", "[A-Za-z0-9]{36}", { entropy: 4 }),
  token("pypi-token", "pypi-", "AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
  token("rubygems-token", "rubygems_", "[a-f0-9]{48}"),
  token("crates-token", "cio", "[A-Za-z0-9]{32}", { entropy: 4.2 }),
  token("sendgrid-key", "SG.", "[A-Za-z0-9_-]{22}[.][A-Za-z0-9_-]{43}"),
  token("mailgun-key", "key-", "[a-f0-9]{32}", { entropy: 3.2 }),
  rule("mailchimp-key", "-us", `(?<=${start}(?<secret>[a-f0-9]{32}))-us[0-9]{1,2}${end}`, { entropy: 3.2 }),
  token("sendinblue-key", "xkeysib-", "[a-f0-9]{64}-[A-Za-z0-9]{16}"),
  named("twilio-auth-token", "twilio", "twilio\\w{0,20}token", "[a-f0-9]{32}"),
  token("databricks-token", "dapi", "[a-f0-9]{32}(?:-[0-9])?", { entropy: 3.2 }),
  tokens("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", "[a-f0-9]{64}"),
  tokens("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa.", "[A-Za-z0-9._-]{40,60}"),
  token("dynatrace-token", "dt0c01.", "[A-Z0-9]{24}[.][A-Z0-9]{64}"),
  token("fly-token", "fm2_", "[A-Za-z0-9+/=_-]{100,}"),
  token("grafana-token", "glsa_", "[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
  token("grafana-cloud-token", "glc_", "eyJ[A-Za-z0-9+/=]{60,}"),
  rule("terraform-token", ".atlasv1.", `(?<=${start}[A-Za-z0-9]{14})[.]atlasv1[.][A-Za-z0-9_=-]{60,70}`),
  tokens("vault-token", "hvs. hvb.", "[A-Za-z0-9_-]{24,200}"),
  token("linear-key", "lin_api_", "[A-Za-z0-9]{40}"),
  token("notion-token", "ntn_", "[A-Za-z0-9]{46}", { entropy: 4 }),
  token("notion-integration-token", "secret_", "[A-Za-z0-9]{43}", { entropy: 4.2 }),
  token("asana-token", "2/", "[0-9]{16}/[0-9]{16}:[a-f0-9]{32}"),
  tokens("atlassian-token", "ATATT3 ATCTT3", "[A-Za-z0-9_=-]{100,}"),
  token("figma-token", "figd_", "[A-Za-z0-9_-]{40,}"),
  tokens("new-relic-key", "NRAK- NRAA-", "[A-Z0-9]{27}"),
  token("postman-key", "PMAK-", "[a-f0-9]{24}-[a-f0-9]{34}"),
  token("pulumi-token", "pul-", "[a-f0-9]{40}"),
  token("planetscale-token", "pscale_tkn_", "[A-Za-z0-9_.-]{32,64}"),
  token("sentry-organization-token", "sntrys_", "eyJ[A-Za-z0-9+/=_]{60,}"),
  token("sentry-user-token", "sntryu_", "[a-f0-9]{64}"),
  token("supabase-token", "sbp_", "[a-f0-9]{40}"),
  token("vercel-blob-token", "vercel_blob_rw_", "[A-Za-z0-9]{16,}_[A-Za-z0-9]{30,}"),
  token("airtable-token", "pat", "[A-Za-z0-9]{14}[.][a-f0-9]{64}"),
  token("age-secret-key", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  token("heroku-key", "HRKU-", "[A-Za-z0-9_-]{36,60}"),
  named("azure-storage-key", "AccountKey", "AccountKey", "[A-Za-z0-9+/]{86}==", { entropy: 4 }),
  named("facebook-secret", "facebook", "facebook\\w{0,20}(?:secret|token)", "[a-f0-9]{32}"),
  named("twitter-secret", "twitter", "twitter\\w{0,20}(?:secret|token)", "[A-Za-z0-9-]{35,50}", {
    entropy: 4,
  }),
  named(
    "datadog-key",
    "datadog dd_api dd_app ddapi ddapp",
    "(?:datadog|dd)_?(?:api|app)_?key",
    "[a-f0-9]{32}(?:[a-f0-9]{8})?",
  ),
  named("cloudflare-token", "cloudflare", "cloudflare\\w{0,20}(?:token|key)", "[A-Za-z0-9_-]{37,40}", {
    entropy: 4,
  }),
  rule(
    "json-web-token",
    "eyJ",
    String.raw`${start}eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`,
    { check: isLiveToken },
  ),
  rule(
    "password-in-url",
    "://",
    String.raw`(?<=[A-Za-z][A-Za-z0-9+.-]{1,20})://[^\s:/@"'<>{}$\\]{1,64}:` +
      String.raw`(?<secret>[^\s:/@"'<>{}$*\\()\[\]|]{8,64})@[A-Za-z0-9.-]+`,
    { entropy: 2.5, check: isWrittenPassword },
  ),
];
