//! What every gRPC port has beside its services: health and reflection.

use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::grpc::channel;
use crate::world::World;

#[tokio::test]
async fn health_follows_readiness() {
    let ill = World {
        ready: false,
        ..World::new()
    };
    for (at, expected) in [
        (World::start().await, ServingStatus::Serving),
        (ill.serve().await, ServingStatus::NotServing),
    ] {
        let mut health = HealthClient::new(channel(at).await);
        for service in [
            "",
            "hotspan.v1.Hotspots",
            "hotspan.v1.Traces",
            "hotspan.v1.Reports",
        ] {
            let request = HealthCheckRequest {
                service: service.to_owned(),
            };
            assert_eq!(
                health.check(request).await.unwrap().into_inner().status(),
                expected,
                "{service}"
            );
        }
        let nobody = HealthCheckRequest {
            service: "nobody".to_owned(),
        };
        assert_eq!(
            health.check(nobody.clone()).await.unwrap_err().code(),
            Code::NotFound
        );
        let mut watched = health
            .watch(HealthCheckRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(watched.next().await.unwrap().unwrap().status(), expected);
        let mut watched = health.watch(nobody).await.unwrap().into_inner();
        assert_eq!(
            watched.next().await.unwrap().unwrap().status(),
            ServingStatus::ServiceUnknown
        );
    }
}

#[tokio::test]
async fn reflection_names_every_service() {
    let at = World::start().await;
    let mut reflection = ServerReflectionClient::new(channel(at).await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut replies = reflection
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let reply = replies.next().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = reply else {
        panic!("{reply:?}");
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    for expected in [
        "hotspan.v1.Hotspots",
        "hotspan.v1.Traces",
        "hotspan.v1.Reports",
        "jaeger.api_v3.QueryService",
        "grpc.health.v1.Health",
    ] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected} in {names:?}"
        );
    }
}
