//! Not tests: what this binary does as another process, started by the tests in `leading`.

use kernel::data_dir::DataDir;

use crate::campus::{settings, start};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by tests of killed and stopped leaders"]
async fn serves() {
    let given = |name: &str| std::env::var(name).expect("given by the parent");
    let data = DataDir::new(given("BEDEL_TEST_DATA"));
    let server = start(&given("BEDEL_TEST_URL"), &data, &given("BEDEL_TEST_JWKS"), "rooms-server-1", settings()).await;
    server.leads().await;
    println!("\nLEADS");
    std::future::pending().await
}
