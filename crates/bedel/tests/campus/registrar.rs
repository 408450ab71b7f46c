//! People who enter grades without a pause, and the account of what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::clock::SystemClock;
use kernel::data_dir::DataDir;
use kernel::secret::Secret;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{Campus, PATIENCE};

/// People who enter grades at once.
const PEOPLE: i64 = 8;
/// Between two attempts at the same record.
const PAUSE: Duration = Duration::from_millis(20);

/// What was said.
#[derive(Default)]
pub struct Account {
    /// The students whose grade was acknowledged, and the route it came in by.
    acknowledged: Mutex<Vec<(i64, String)>>,
    /// Answers and silences after which the same record was sent again.
    retried: AtomicU64,
}

impl Account {
    /// How many were acknowledged.
    pub fn len(&self) -> usize {
        self.acknowledged.lock().expect("an account").len()
    }

    /// How often a record was sent again.
    pub fn retried(&self) -> u64 {
        self.retried.load(Ordering::Relaxed)
    }

    /// How many came in by each route.
    pub fn by_route(&self) -> BTreeMap<String, usize> {
        let mut routes = BTreeMap::new();
        for (_, route) in &*self.acknowledged.lock().expect("an account") {
            *routes.entry(route.clone()).or_default() += 1;
        }
        routes
    }

    /// Waits until as many more were acknowledged.
    pub async fn grows(&self, by: usize) {
        let wanted = self.len() + by;
        let growing = async {
            while self.len() < wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, growing).await.expect("grades go on being acknowledged");
    }
}

/// One grade of a student nobody else has.
pub fn grade(carnet: i64) -> Value {
    let curso = ["SO1", "BD1", "LFP", "SA", "AYD1"][usize::try_from(carnet % 5).expect("small")];
    let semestre = if carnet % 2 == 0 { "1S" } else { "2S" };
    json!({
        "carnet": carnet, "nombre": format!("Alumno {carnet}"), "curso": curso, "nota": 50 + carnet % 6 * 10,
        "semestre": semestre, "year": 2023,
    })
}

/// Enters one grade, however often it takes; the route it came in by.
pub async fn enter(client: &Client, url: &str, token: &str, carnet: i64, account: &Account) -> String {
    loop {
        let sent = client.post(url).bearer_auth(token).json(&grade(carnet)).send().await;
        match sent.map(|answer| (answer.status(), answer)) {
            Ok((StatusCode::OK | StatusCode::CREATED, answer)) => {
                let route = answer.headers()["x-bedel-route"].to_str().expect("ASCII").to_owned();
                account.acknowledged.lock().expect("an account").push((carnet, route.clone()));
                return route;
            }
            Ok((StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT, _))
            | Err(_) => {
                account.retried.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
            Ok((status, answer)) => panic!("{status} for a good grade: {:?}", answer.text().await),
        }
    }
}

/// People at work.
pub struct Registrar {
    stop: Arc<AtomicBool>,
    people: Vec<tokio::task::JoinHandle<()>>,
    /// What they were told so far.
    pub account: Arc<Account>,
}

impl Registrar {
    /// Everybody begins.
    pub fn begin(url: &str, token: &str) -> Self {
        let (stop, account) = (Arc::new(AtomicBool::new(false)), Arc::new(Account::default()));
        let people = (0..PEOPLE)
            .map(|person| {
                let (stop, account) = (Arc::clone(&stop), Arc::clone(&account));
                let (url, token) = (format!("{url}/api/v1/grades"), token.to_owned());
                tokio::spawn(async move {
                    let client = Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
                    let mut carnet = (person + 1) * 1_000_000_000;
                    while !stop.load(Ordering::Relaxed) {
                        enter(&client, &url, &token, carnet, &account).await;
                        carnet += 1;
                    }
                })
            })
            .collect();
        Self { stop, people, account }
    }

    /// Everybody ends what they began.
    pub async fn end(self) -> Arc<Account> {
        self.stop.store(true, Ordering::Relaxed);
        for person in self.people {
            timeout(PATIENCE, person).await.expect("every grade is acknowledged in the end").expect("no fault of ours");
        }
        self.account
    }
}

/// Every student in SQL, once for each grade.
pub async fn kept(client: &Client, url: &str, token: &str) -> Vec<i64> {
    let mut carnets = Vec::new();
    let mut cursor = String::new();
    loop {
        let address = format!("{url}/api/v1/grades?limit=500{cursor}");
        let answer = client.get(&address).bearer_auth(token).send().await.expect("an answer");
        let page: Value = answer.json().await.expect("JSON");
        let items = page["items"].as_array().unwrap_or_else(|| panic!("no list: {page}"));
        carnets.extend(items.iter().filter_map(|item| item["carnet"].as_i64()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return carnets,
        }
    }
}

/// Whoever was told that a grade is kept finds it, once; and nothing else is there.
pub async fn check_kept(client: &Client, url: &str, token: &str, account: &Account) {
    let mut found = kept(client, url, token).await;
    let mut told: Vec<i64> =
        account.acknowledged.lock().expect("an account").iter().map(|(carnet, _)| *carnet).collect();
    found.sort_unstable();
    told.sort_unstable();
    let lost: Vec<_> = told.iter().filter(|carnet| found.binary_search(carnet).is_err()).take(10).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(found.len(), told.len(), "each is there once, and nothing else is");
}

/// Waits until the live total is what SQL has.
pub async fn until_live_is(campus: &Campus, live_url: &str, count: usize) {
    let config = kernel::config::Live { url: Secret::new(live_url.to_owned()) };
    let data = DataDir::new(campus.data());
    let live = store::open_live(&config, &data, Arc::new(SystemClock)).await.expect("opens");
    let mut seen = None;
    let healing = async {
        loop {
            let told = live.get("grades/now").await.ok().flatten();
            seen = told.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
            if seen.as_ref().is_some_and(|now| now["total"] == count) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let healed = timeout(PATIENCE, healing).await;
    assert!(healed.is_ok(), "the live total never came to {count}: {seen:?}\n{}", campus.logs());
}
