//! Many people in one room.

use tests::store_proxy::Upstream;
use tests::storm::Storm;

async fn storm(seed: u64) {
    let storm = Storm { senders: 6, messages: 10, kills: 10, seed };
    println!("{}", storm.run(Upstream::embedded().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_right_after_storm_1() {
    storm(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_right_after_storm_2() {
    storm(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_right_after_storm_3() {
    storm(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_right_after_storm_4() {
    storm(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_right_after_storm_5() {
    storm(5).await;
}
