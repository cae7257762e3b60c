//! Who sends the spans of a service, and how, as it is answered.

use serde::Serialize;
use utoipa::ToSchema;

use super::Moment;
use super::text::clean;
use crate::backend;

/// A kind of process that sends spans of a service: its SDK, and the way its requests come. Empty texts were not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sender {
    /// `service.version`.
    pub version: String,
    /// `deployment.environment.name`, or its older name.
    pub environment: String,
    /// The SDK.
    pub sdk: Sdk,
    /// The agent or package around the SDK, where there is one.
    pub distro: Distro,
    /// `grpc` or `http`. What stands between the sender and here, a Collector say, decides this and the next two.
    pub transport: String,
    /// `protobuf` or `json`.
    pub encoding: String,
    /// `identity` (none), `gzip` or `zstd`.
    pub compression: String,
    /// Whether its requests come from the machine that the daemon runs on.
    pub local: bool,
    /// Resources with spans in requests.
    pub batches: u64,
    /// When the last of them came.
    pub last_seen: Moment,
}

/// An SDK, as resources name it (`telemetry.sdk.*`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sdk {
    /// Its language, say `java`.
    pub language: String,
    /// Its name, mostly `opentelemetry`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What wraps an SDK, as resources name it (`telemetry.distro.*`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Distro {
    /// Its name, say `opentelemetry-java-instrumentation`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl From<&backend::Sender> for Sender {
    fn from(of: &backend::Sender) -> Sender {
        let says = &of.says;
        Sender {
            version: clean(&says.version),
            environment: clean(&says.environment),
            sdk: Sdk {
                language: clean(&says.language),
                name: clean(&says.sdk),
                version: clean(&says.sdk_version),
            },
            distro: Distro {
                name: clean(&says.distro),
                version: clean(&says.distro_version),
            },
            transport: of.transport.to_owned(),
            encoding: of.encoding.to_owned(),
            compression: of.compression.to_owned(),
            local: of.is_local,
            batches: of.batches,
            last_seen: of.last.into(),
        }
    }
}
