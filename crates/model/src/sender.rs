//! Who sends spans: what a resource says of its service and its SDK.

/// A kind of process that sends spans. Texts are bounded; those that are not said are empty. Two processes that say the
/// same are one sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender {
    /// `service.name`, as spans have it.
    pub service: String,
    /// `service.version`.
    pub version: String,
    /// `deployment.environment.name`, or its older name.
    pub environment: String,
    /// `telemetry.sdk.language`.
    pub language: String,
    /// `telemetry.sdk.name`.
    pub sdk: String,
    /// `telemetry.sdk.version`.
    pub sdk_version: String,
    /// `telemetry.distro.name`: the agent or package around the SDK.
    pub distro: String,
    /// `telemetry.distro.version`.
    pub distro_version: String,
}
