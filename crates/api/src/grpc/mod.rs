//! The gRPC side: `hotspan.v1`, `jaeger.api_v3`, health and reflection.

mod ask;
mod convert;
mod health;
mod services;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use hotspan_proto::jaeger::api_v3::query_service_server::{QueryServiceServer, SERVICE_NAME};
use hotspan_proto::v1::hotspots_server::HotspotsServer;
use hotspan_proto::v1::reports_server::ReportsServer;
use hotspan_proto::v1::traces_server::TracesServer;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::Builder;

use self::health::Readiness;
use self::services::Reader;
use crate::Backend;
use crate::ask::Problem;
use crate::jaeger::GrpcReader;

/// Largest question that is read, in bytes.
const QUESTION_BYTES_MAX: usize = 256 << 10;

/// Every service.
pub(crate) fn router(backend: Arc<dyn Backend>) -> Router {
    let reader = Reader::new(Arc::clone(&backend));
    let hotspots = HotspotsServer::new(reader.clone()).max_decoding_message_size(QUESTION_BYTES_MAX);
    let traces = TracesServer::new(reader.clone()).max_decoding_message_size(QUESTION_BYTES_MAX);
    let reports = ReportsServer::new(reader).max_decoding_message_size(QUESTION_BYTES_MAX);
    let is_jaeger_on = backend.compat().jaeger_grpc;
    let jaeger = GrpcReader::new(Arc::clone(&backend));
    let jaeger = QueryServiceServer::new(jaeger).max_decoding_message_size(QUESTION_BYTES_MAX);
    let health = HealthServer::new(Readiness::new(backend)).max_decoding_message_size(QUESTION_BYTES_MAX);
    let compiled_in = "the descriptors are compiled in, and a test reads them";
    let reflection = descriptors().build_v1().expect(compiled_in);
    let older_reflection = descriptors().build_v1alpha().expect(compiled_in);
    let routes = Routes::new(hotspots)
        .add_service(traces)
        .add_service(reports)
        .add_service(health)
        .add_service(reflection)
        .add_service(older_reflection);
    match is_jaeger_on {
        true => routes.add_service(jaeger).into_axum_router(),
        false => routes
            .into_axum_router()
            .route(&format!("/{SERVICE_NAME}/{{method}}"), any(no_jaeger)),
    }
}

async fn no_jaeger() -> Response {
    Status::unimplemented(Problem::switched_off("jaeger_grpc").detail).into_http()
}

fn descriptors() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(hotspan_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
