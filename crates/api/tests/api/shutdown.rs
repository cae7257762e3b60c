//! The end: nothing under way is lost, and nobody can hold the process up.

use std::sync::Arc;

use hotspan_api::Gate;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_watcher_does_not_hold_up_the_end() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(hotspan_api::serve(
        listener,
        Arc::new(World::new()),
        Gate::default(),
        async {
            drop(stopped.await);
        },
    ));
    let channel = Channel::from_shared(format!("http://{at}")).unwrap();
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    let mut watched = health
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(watched.next().await.unwrap().is_ok());
    stop.send(()).unwrap();
    ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(at).await.is_err(), "the port is free again");
}
