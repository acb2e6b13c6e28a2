/**
 * Table of credentials that can be told from other text by their form: the prefixes and lengths that their
 * issuers document. What has no form of its own (AWS secret keys, passwords) needs its name beside it.
 */

export interface SecretRule {
  id: string;
  /** In lower case; the pattern is only tried on texts that hold one of them. */
  keywords: string[];
  /** The group `secret`, if there is one, is the secret; else the whole match. */
  pattern: RegExp;
  /** Least Shannon entropy of the secret, bits a character: sorts out placeholders. */
  entropy?: number;
}

const rule = (id: string, keywords: string, source: string, entropy?: number, flags = ""): SecretRule => ({
  id,
  keywords: keywords.split(" "),
  pattern: new RegExp(source, flags),
  entropy,
});

/** Begins where no word or token goes on. */
const start = String.raw`(?<![A-Za-z0-9_-])`;
const end = String.raw`(?![A-Za-z0-9_-])`;
const token = (id: string, prefix: string, rest: string, entropy = 3) =>
  rule(id, prefix.toLowerCase(), `${start}${prefix}${rest}${end}`, entropy);
/** A value after a name, as in settings, JSON and code. */
const named = (id: string, name: string, keywords: string, value: string, entropy = 3) =>
  rule(
    id,
    keywords,
    `(?:${name})["'\\]]{0,2}\\s{0,3}(?:=>|:=|=|:)\\s{0,3}\\\\?["'\`]?(?<secret>${value})${end}`,
    entropy,
    "i",
  );

export const secretRules: SecretRule[] = [
  rule(
    "private-key",
    "private\u0020key",
    String
      .raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*(?:\\r|\\n)*\s*(?<secret>[A-Za-z0-9+/=\s\\:,-]{60,}?)-----END`,
  ),
  rule("aws-access-key-id", "akia asia abia acca", `${start}(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}${end}`, 3),
  named(
    "aws-secret-access-key",
    "aws_?-?(?:secret)?_?-?(?:access)?_?-?key",
    "aws",
    "[A-Za-z0-9/+]{40}",
    4,
  ),
  rule("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", `${start}gh[pousr]_[A-Za-z0-9]{36,251}${end}`, 3),
  token("github-fine-grained-token", "github_pat_", "[A-Za-z0-9_]{82}"),
  rule(
    "gitlab-token",
    "glpat- gldt- glrt- glptt- glcbt- glsoat-",
    `${start}gl(?:pat|dt|rt|ptt|cbt|soat)-[A-Za-z0-9_.-]{20,}`,
    3,
  ),
  rule("docker-token", "dckr_pat_ dckr_oat_", `${start}dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,32}${end}`, 3),
  rule(
    "docker-config-auth",
    '"auth"',
    String.raw`"auths"\s*:\s*\{[\s\S]{0,300}?"auth"\s*:\s*"(?<secret>[A-Za-z0-9+/]{16,}={0,2})"`,
    3,
  ),
  token("hugging-face-token", "hf_", "[A-Za-z]{34}"),
  token("openai-key", "sk-", "(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}"),
  token("anthropic-key", "sk-ant-", "(?:api|admin|oat|sid)[0-9]{2}-[A-Za-z0-9_-]{80,}"),
  token("openrouter-key", "sk-or-v1-", "[0-9a-f]{64}"),
  token("groq-key", "gsk_", "[A-Za-z0-9]{52}"),
  token("xai-key", "xai-", "[A-Za-z0-9]{80}"),
  token("perplexity-key", "pplx-", "[A-Za-z0-9]{48}"),
  token("replicate-token", "r8_", "[A-Za-z0-9]{37}"),
  token("google-api-key", "AIza", "[A-Za-z0-9_-]{35}"),
  token("google-oauth-token", "ya29\\.".replace("\\.", "."), "[A-Za-z0-9_-]{60,}"),
  token("google-oauth-secret", "GOCSPX-", "[A-Za-z0-9_-]{28}"),
  rule("slack-token", "xox", `${start}xox[abeprs]-(?:[0-9]{1,13}-){1,3}[A-Za-z0-9-]{16,}`, 3),
  rule("slack-app-token", "xapp-", `${start}xapp-[0-9]-[A-Z0-9]{9,}-[0-9]{10,}-[a-f0-9]{60,}`, 3),
  rule(
    "slack-webhook",
    "hooks.slack.com",
    String
      .raw`https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{20,}`,
    3,
  ),
  rule(
    "discord-webhook",
    "discord",
    String.raw`https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}`,
    3,
  ),
  rule(
    "discord-bot-token",
    "discord bot",
    String.raw`(?<![\w.-])[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}(?![\w.-])`,
    4,
  ),
  rule("telegram-bot-token", "telegram bot", `${start}[0-9]{8,10}:AA[A-Za-z0-9_-]{33}${end}`, 4),
  rule(
    "stripe-key",
    "sk_live_ rk_live_ sk_test_ rk_test_",
    `${start}(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{24,247}${end}`,
    3,
  ),
  token("stripe-webhook-secret", "whsec_", "[A-Za-z0-9+/]{32,}"),
  rule(
    "square-token",
    "sq0atp- sq0csp- eaaa",
    `${start}(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})${end}`,
    3,
  ),
  rule("shopify-token", "shpat_ shpca_ shppa_ shpss_", `${start}shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}${end}`, 3),
  token("npm-token", "npm_", "[A-Za-z0-9]{36}"),
  token("pypi-token", "pypi-", "AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
  token("rubygems-token", "rubygems_", "[a-f0-9]{48}"),
  token("crates-token", "cio", "[A-Za-z0-9]{32}", 4),
  token("sendgrid-key", "SG.", "[A-Za-z0-9_-]{22}[.][A-Za-z0-9_-]{43}"),
  token("mailgun-key", "key-", "[a-f0-9]{32}", 3.2),
  rule("mailchimp-key", "-us", `${start}[a-f0-9]{32}-us[0-9]{1,2}${end}`, 3.2),
  token("sendinblue-key", "xkeysib-", "[a-f0-9]{64}-[A-Za-z0-9]{16}"),
  named("twilio-auth-token", "twilio\\w{0,20}token", "twilio", "[a-f0-9]{32}"),
  token("databricks-token", "dapi", "[a-f0-9]{32}(?:-[0-9])?", 3.2),
  token("digitalocean-token", "dop_v1_", "[a-f0-9]{64}"),
  token("doppler-token", "dp.pt.", "[A-Za-z0-9]{43}"),
  token("dynatrace-token", "dt0c01.", "[A-Z0-9]{24}[.][A-Z0-9]{64}"),
  token("fly-token", "FlyV1 fm2_", "[A-Za-z0-9+/=_-]{100,}"),
  token("grafana-token", "glsa_", "[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
  token("grafana-cloud-token", "glc_", "eyJ[A-Za-z0-9+/=]{60,}"),
  rule(
    "terraform-token",
    ".atlasv1.",
    String.raw`${start}[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}`,
    3,
  ),
  rule("vault-token", "hvs. hvb.", String.raw`${start}hv[sb]\.[A-Za-z0-9_-]{24,200}${end}`, 3),
  token("linear-key", "lin_api_", "[A-Za-z0-9]{40}"),
  rule("notion-token", "ntn_ secret_", `${start}(?:ntn_[A-Za-z0-9]{46}|secret_[A-Za-z0-9]{43})${end}`, 4),
  token("asana-token", "2/", "[0-9]{16}/[0-9]{16}:[a-f0-9]{32}"),
  rule("atlassian-token", "atatt3 atctt3", `${start}AT[AC]TT3[A-Za-z0-9_=-]{100,}`, 3),
  token("figma-token", "figd_", "[A-Za-z0-9_-]{40,}"),
  rule("new-relic-key", "nrak- nraa-", `${start}NR(?:AK|AA)-[A-Z0-9]{27}${end}`, 3),
  token("postman-key", "PMAK-", "[a-f0-9]{24}-[a-f0-9]{34}"),
  token("pulumi-token", "pul-", "[a-f0-9]{40}"),
  token("planetscale-token", "pscale_tkn_", "[A-Za-z0-9_.-]{32,64}"),
  rule("sentry-token", "sntrys_ sntryu_", `${start}sntry(?:s_eyJ[A-Za-z0-9+/=_]{60,}|u_[a-f0-9]{64})`, 3),
  token("supabase-token", "sbp_", "[a-f0-9]{40}"),
  token("vercel-blob-token", "vercel_blob_rw_", "[A-Za-z0-9]{16,}_[A-Za-z0-9]{30,}"),
  token("airtable-token", "pat", "[A-Za-z0-9]{14}[.][a-f0-9]{64}"),
  token("age-secret-key", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  token("heroku-key", "HRKU-", "[A-Za-z0-9_-]{36,60}"),
  named("azure-storage-key", "AccountKey", "accountkey", "[A-Za-z0-9+/]{86}==", 4),
  named("facebook-secret", "facebook\\w{0,20}(?:secret|token)", "facebook", "[a-f0-9]{32}"),
  named("twitter-secret", "twitter\\w{0,20}(?:secret|token)", "twitter", "[A-Za-z0-9-]{35,50}", 4),
  named("datadog-key", "(?:datadog|dd)_?(?:api|app)_?key", "dd datadog", "[a-f0-9]{32}(?:[a-f0-9]{8})?"),
  named("cloudflare-token", "cloudflare\\w{0,20}(?:token|key)", "cloudflare", "[A-Za-z0-9_-]{37,40}", 4),
  rule(
    "json-web-token",
    "eyj",
    String.raw`${start}eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`,
    3,
  ),
  rule(
    "password-in-url",
    "://",
    String
      .raw`\b[a-z][a-z0-9+.-]{2,20}://[^\s:/@"'<>{}$]{1,64}:(?<secret>[^\s:/@"'<>{}$*]{8,64})@[A-Za-z0-9.-]+`,
    3,
  ),
];
