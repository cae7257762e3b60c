//! The table of keys. Adding one is one row here and one field in [`super::Config`].

use hotspan_ingest::Origins;

use super::Config;
use super::tenants::{share, tenants};
use super::value::{
    ack, address, bytes, compat, duration, duration_or_none, file, fraction, header_names, link_templates,
    patterns, secret, secret_file, secret_key, secret_url, series, shards, span_styles, switch, url, urls,
};
use crate::alerts::Allowed;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// In a file as it stands; as a flag with `-` for `_`; in the environment upper-case after `HOTSPAN_`.
    pub name: &'static str,
    /// What its value looks like in `--help`; empty for a switch.
    pub value: &'static str,
    /// Used when no layer names the key.
    pub default: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Checks a value and puts it in its place; the error says why not.
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
}

impl Key {
    /// Whether it is on or off.
    pub fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether its value is rules of workloads, which tables of the file have, too.
    pub(super) fn is_rules(&self) -> bool {
        super::print::RULES.contains(&self.name)
    }

    /// Its flag, without dashes in front.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Its environment variable.
    pub fn variable(&self) -> String {
        format!("HOTSPAN_{}", self.name.to_ascii_uppercase())
    }
}

macro_rules! keys {
    ($($name:ident, $value:literal, $default:literal, $parse:expr, $help:literal;)*
     $(@rules $rules:ident, $form:literal, $what:literal;)*) => {
        /// Every key, in the order of `--help`.
        pub const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            value: $value,
            default: $default,
            help: $help,
            set: |config, text| Ok(config.$name = $parse(text)?),
        },)* $(Key {
            name: stringify!($rules),
            value: $form,
            default: "",
            help: $what,
            // All rules are read together, whatever layer they are in.
            set: |_, _| Ok(()),
        }),*];
    };
}

keys! {
    otlp_grpc, "ADDR", "127.0.0.1:4317", address, "Where OTLP/gRPC is received (port 0 picks a free one)";
    otlp_http, "ADDR", "127.0.0.1:4318", address, "Where OTLP/HTTP is received";
    listen, "ADDR", "127.0.0.1:4319", address, "Where the API, metrics and health are answered";
    allow_insecure, "", "false", switch, "Accept addresses beyond loopback without TLS and credentials";
    tls_cert, "FILE", "", file, "Certificate chain of all ports, in PEM; with it they speak TLS only, and changed files are read again";
    tls_key, "FILE", "", file, "Private key of tls_cert, in PEM";
    tls_client_ca, "FILE", "", file, "Authorities of client certificates, in PEM; needed then, but for requests with a token";
    tokens_file, "FILE", "", file, "Hashes of tokens and names of certificates with their scopes, in TOML; see `hotspan token new`";
    metrics_open, "", "false", switch, "Answer /metrics without a credential";
    tenants, "TENANTS", "", tenants, "Tenants with what each may take, by blanks, say 'acme:share=3,rate=5000 bolt'; in a file tables [tenants.NAME]; those of tokens_file need not be named";
    no_tenant_share, "N", "1", share, "Share of memory and shards of what belongs to no tenant, beside the shares of the tenants";
    trust_header, "", "false", switch, "A request that belongs to no tenant by its credential may name one in X-Scope-OrgID; only behind a proxy that sets it";
    cors_origins, "SITES", "", Origins::read, "Sites whose pages may send OTLP/HTTP from a browser, by commas, say https://shop.example.com,https://*.example.com";
    cors_headers, "NAMES", "content-type,content-encoding,authorization", header_names, "Headers that their pages may set";
    cors_max_age, "TIME", "60min", duration, "How long browsers remember that they may";
    public_url, "URLS", "", urls, "Where people and agents reach the API from elsewhere, by commas; links begin with the first";
    links, "LINKS", "", link_templates, "Where people look beside the page, by blanks, say 'trace=https://grafana.example.com/t/{trace_id}'; in a file the table [links]";
    memory, "BYTES", "0", bytes, "Memory to live in, say 512MiB (0: the container's limit, else half of the machine)";
    shards, "N", "0", shards, "Owner threads (0: half of the cores, at least one)";
    data_dir, "DIR", "", file, "Keep hotspots and notes in DIR (serve: the user's state directory, unless --in-memory or --demo)";
    in_memory, "", "false", switch, "Keep nothing: hotspots and notes end with the process";
    ack, "memory|wal", "memory", ack, "What OK means to a sender: memory, or wal: on disk in data_dir, so that a crash loses nothing acknowledged";
    wal_bytes_max, "BYTES", "4GiB", bytes, "Most bytes of the log of ack=wal; when it is full requests are refused until older ones are analysed and stored";
    wal_group, "TIME", "50ms", duration, "Requests are written to the log together, so often or at 1 MiB";
    skip_corrupt, "", "false", switch, "Start although the log is damaged, without the records that cannot be read, and count them";
    store_interval, "TIME", "1s", duration, "Write what changed to the store so often: what a crash may cost";
    store_age, "TIME", "7d", duration, "Forget what nothing was heard of for so long";
    store_bytes_max, "BYTES", "1GiB", bytes, "Most bytes of the store; above, traces go, then what was heard of longest ago";
    store_exemplars_max, "BYTES", "64MiB", bytes, "Most bytes of the traces that hotspots show, a part of store_bytes_max (0: none is stored)";
    ready_file, "FILE", "", file, "Write the bound addresses to FILE as JSON once everything listens";
    demo, "", "false", switch, "Feed itself a demo shop with known faults over real OTLP";
    parameter_key, "HEX", "", secret_key, "32 hex digits that key the hashes of literal values (default: drawn at start)";
    refuse_other_signals, "", "false", switch, "Refuse metrics and logs instead of discarding them";
    message_bytes_max, "BYTES", "64MiB", bytes, "Longest request, before and after decompression";
    log, "FILTER", "info", text, "What the daemon logs about itself: error, warn, info, debug, or a tracing filter";
    log_json, "", "false", switch, "Log JSON lines";
    snapshot_interval, "TIME", "200ms", duration, "How often readers get a new snapshot";
    shutdown_delay, "TIME", "0", duration_or_none, "How long requests are still taken at shutdown after health checks said no (5s behind a balancer)";
    drain, "TIME", "10s", duration, "How long requests in flight may take to finish at shutdown";
    complete_quiet, "TIME", "1500ms", duration, "Decide a complete trace when quiet for so long";
    root_quiet, "TIME", "8s", duration, "Decide a trace with a root when quiet for so long";
    rootless_quiet, "TIME", "15s", duration, "Decide a trace without a root when quiet for so long";
    age, "TIME", "90s", duration, "Decide any trace at this age";
    metrics_service_graph, "true|false", "true", switch, "The service graph in /metrics, as Grafana's tab asks for it";
    metrics_span_metrics, "STYLES", "tempo", span_styles, "Rate, errors and durations of spans in /metrics: off, tempo, collector, or tempo,collector";
    metrics_series_max, "N", "50000", series, "Most series that traces add to /metrics; beyond, names share __overflow__";
    compat, "SURFACES", "jaeger,jaeger_grpc,tempo,mcp", compat, "Surfaces for clients of other tools, by commas; off for none";
    alertmanager_url, "URL", "", url, "Alertmanager that hears of alerts, say https://alertmanager.example.com";
    webhook_url, "URL", "", secret_url, "Webhook that hears of alerts, in the body of Alertmanager's";
    webhook_secret, "SECRET", "", secret, "Signs what the webhook hears; better as a variable or a file, since others see flags";
    webhook_secret_file, "FILE", "", secret_file, "Read the webhook's secret from FILE";
    critical_services, "NAMES", "", patterns, "Services whose new and worsening hotspots fire alerts, joined by commas; * is any run of characters";
    alerts_learn, "TIME", "60min", duration_or_none, "Hotspots that show in so long after the first data fire no alert: they were there before (0: all do)";
    alerts_ca, "FILE", "", file, "Authorities that alerts trust beside those of the system, in PEM";
    alerts_allow, "BLOCKS", "", Allowed::read, "Private addresses that alerts may go to, also without TLS, say 10.0.0.0/8,127.0.0.1";
    traces_endpoint, "URL", "", url, "Send traces of this process itself to URL by OTLP/gRPC, say http://collector:4317 (default: none are made)";
    traces_sample, "SHARE", "0.01", fraction, "Share of requests, questions, commits and snapshots that become a span of traces_endpoint, 0 to 1";
    @rules knobs, "RULES", "Thresholds of detectors, say 'repeat_min=8; cost_min_ns=5000000 @ service=billing*, kind=job'";
    @rules efforts, "RULES", "Weeks of one team by detector or hotspot, say 'slow-query=1; slow-query=3 @ service=legacy*'";
}

#[expect(clippy::unnecessary_wraps, reason = "every parser of the table has one shape")]
fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}
