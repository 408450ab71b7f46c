//! How many bytes a user may have.

use api::auth::UserRole;
use futures::FutureExt;
use futures::future::join_all;
use http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json as value};
use store::StoreError;

use crate::support::*;
use crate::vouchers::{begin, voucher};

async fn quota(replica: &Replica, user: &User) -> (u64, u64, Value) {
    let told = get(replica, Some(user), "/api/v1/quotas/me", &[]).await.expect(200).json();
    let number = |name: &str| told[name].as_u64().unwrap_or_else(|| panic!("{name} of {told}"));
    (number("used"), number("reserved"), told["limit"].clone())
}

async fn begin_of(replica: &Replica, user: &User, length: u64) -> Answer {
    let length = length.to_string();
    let headers = [TUS, ("upload-length", length.as_str())];
    call(replica, Some(user), Method::POST, "/api/v1/uploads", &headers, "").await
}

pub(crate) async fn two_at_once_cannot_pass(mut campus: Campus) {
    campus.settings.quota_student = 100;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let begun = join_all((0..6).map(|number| {
        let (ana, replica) = (&ana, if number % 2 == 0 { &one } else { &two });
        async move { begin_of(replica, ana, 60).await }
    }))
    .await;
    assert_eq!(begun.iter().filter(|answer| answer.status == 201).count(), 1, "{begun:?}");
    for answer in begun.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status.as_u16(), problem(answer).as_str()), (507, "quota"));
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.starts_with("40 bytes are left") || detail.starts_with("100 bytes"), "{detail}");
    }
    assert_eq!(quota(&two, &ana).await, (0, 60, value!(100)));
    assert_eq!(begin_of(&two, &ana, 41).await.expect(507).header("tus-resumable"), "1.0.0");
    call(&two, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], vec![0; 41]).await.expect(507);
    put(&two, &ana, "name=x", vec![0; 40]).await;
    assert_eq!(quota(&one, &ana).await, (40, 60, value!(100)), "the last byte fits");
    assert_eq!(problem(&begin_of(&one, &ana, 1).await.expect(507)), "quota");
    begin_of(&one, &ana, 0).await.expect(201);
    begin_of(&one, &campus.student("eva"), 100).await.expect(201);

    // What is begun may be finished, and what is given up is given back.
    let path = begun.iter().find(|answer| answer.status == 201).expect("one").header("location").to_owned();
    patch(&one, &ana, &path, 0, vec![1; 60]).await.expect(204);
    assert_eq!(quota(&one, &ana).await, (100, 0, value!(100)));
    let file = path.replace("/uploads/", "/files/");
    call(&one, Some(&ana), Method::DELETE, &file, &[], "").await.expect(204);
    assert_eq!(quota(&one, &ana).await, (100, 0, value!(100)), "the trash takes room too");
    call(&one, Some(&ana), Method::DELETE, &format!("{file}?purge=true"), &[], "").await.expect(204);
    let path = begin_of(&one, &ana, 60).await.expect(201).header("location").to_owned();
    begin_of(&two, &ana, 1).await.expect(507);
    call(&two, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(204);
    assert_eq!(quota(&two, &ana).await, (40, 0, value!(100)));
}

pub(crate) async fn lengths_that_are_not_declared(mut campus: Campus) {
    campus.settings.quota_student = 3_000_000;
    campus.settings.checkpoint = 1;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let put_some = async |bytes_of: usize| {
        let put = request(Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], bytes(vec![7_u8; bytes_of]));
        send(replica.address, put).await
    };
    put_some(2_000_000).await.expect(201);
    assert_eq!(quota(&replica, &ana).await, (2_000_000, 0, value!(3_000_000)));
    for too_much in [1_000_001, 2_500_000] {
        assert_eq!(problem(&put_some(too_much).await.expect(507)), "quota");
        assert_eq!(quota(&replica, &ana).await, (2_000_000, 0, value!(3_000_000)), "nothing half-kept");
    }
    put_some(1_000_000).await.expect(201);
    assert_eq!(quota(&replica, &ana).await, (3_000_000, 0, value!(3_000_000)));
    put_some(1).await.expect(507);
    // Two of unknown length at once: what one has taken the other cannot.
    let eva = campus.student("eva");
    let both = join_all((0..2).map(|_| {
        let put = request(Some(&eva), Method::PUT, "/api/v1/files?name=x", &[], bytes(vec![7_u8; 2_000_000]));
        send(replica.address, put)
    }))
    .await;
    assert!(both.iter().filter(|answer| answer.status == 201).count() <= 1, "{both:?}");
    let (used, reserved, _) = quota(&replica, &eva).await;
    assert!(used <= 2_000_000 && reserved == 0, "{used} {reserved}");
    replica.jobs.pass().await;
    replica.jobs.sweep_orphans().await;
    let kept = u64::from(used > 0) + 2;
    assert_eq!(campus.blobs().await.len() as u64, kept, "{:?}", campus.blobs().await);
}

/// What a user has, summed.
async fn sums(replica: &Replica, user: &User) -> (u64, u64) {
    let connection = replica.sql.reader();
    let sum = async |sql: &str| {
        let statement =
            Statement::from_sql_and_values(connection.get_database_backend(), sql, [user.id.to_string().into()]);
        let row = connection.query_one_raw(statement).await.expect("asks").expect("a row");
        u64::try_from(row.try_get_by_index::<i64>(0).expect("a number")).expect("not negative")
    };
    (
        sum("SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED) FROM files_file WHERE owner = ?").await,
        sum("SELECT CAST(COALESCE(SUM(total), 0) AS SIGNED) FROM files_upload WHERE (state = 'open' OR (state = 'part' AND \
             joined = 0)) AND owner = ?")
        .await,
    )
}

async fn forget_usage(replica: &Replica) {
    let forgotten: Result<(), StoreError> = replica
        .sql
        .write(|tx| {
            async move {
                tx.execute_unprepared("DELETE FROM files_usage").await?;
                Ok(())
            }
            .boxed()
        })
        .await;
    forgotten.expect("forgets");
}

pub(crate) async fn the_row_is_the_sum(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let users = [campus.student("ana"), campus.student("eva")];
    for round in 0..3_u64 {
        // As after an upgrade: files and uploads are there, the rows are not, and many come at once.
        forget_usage(&one).await;
        join_all((0..8_u64).map(|number| {
            let user = &users[usize::try_from(number % 2).expect("small")];
            let replica = if number % 3 == 0 { &one } else { &two };
            async move {
                let path = create(replica, user, 10 + number, "").await;
                match number {
                    0 | 1 => patch(replica, user, &path, 0, vec![1; 5]).await.expect(204),
                    2 | 3 => call(replica, Some(user), Method::DELETE, &path, &[TUS], "").await.expect(204),
                    _ => patch(replica, user, &path, 0, vec![1; usize::try_from(10 + number).expect("small")])
                        .await
                        .expect(204),
                };
                if number >= 6 {
                    let file = path.replace("/uploads/", "/files/") + "?purge=true";
                    call(replica, Some(user), Method::DELETE, &file, &[], "").await.expect(204);
                }
                put(replica, user, "name=x", vec![2; usize::try_from(100 + round).expect("small")]).await;
            }
        }))
        .await;
        for user in &users {
            let (used, reserved, _) = quota(&two, user).await;
            assert_eq!((used, reserved), sums(&one, user).await, "round {round}");
            assert!(used > 0 && reserved > 0);
        }
    }
}

pub(crate) async fn parts_count_once(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let mut parts = Vec::new();
    for length in [4, 6] {
        let text = length.to_string();
        let headers = [TUS, ("upload-concat", "partial"), ("upload-length", text.as_str())];
        let begun = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
        parts.push(begun.header("location").to_owned());
        patch(&replica, &ana, &parts[parts.len() - 1], 0, vec![1; length]).await.expect(204);
    }
    let counted = async |expected: (u64, u64), when: &str| {
        let (used, reserved, _) = quota(&replica, &ana).await;
        assert_eq!((used, reserved), expected, "{when}");
        assert_eq!(sums(&replica, &ana).await, expected, "{when}");
    };
    let join = async |value: String| {
        let headers = [TUS, ("upload-concat", value.as_str())];
        let joined = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
        joined.header("location").replace("/uploads/", "/files/") + "?purge=true"
    };
    let remove = async |path: &str| {
        call(&replica, Some(&ana), Method::DELETE, path, &[TUS], "").await.expect(204);
    };
    counted((0, 10), "two parts").await;
    let both = join(format!("final;{} {}", parts[0], parts[1])).await;
    counted((10, 0), "the file alone").await;
    let twice = join(format!("final;{} {}", parts[0], parts[0])).await;
    counted((18, 0), "another file of a part that was counted").await;
    remove(&both).await;
    counted((8, 0), "a part that no file is made of goes, the other one stays").await;
    head(&replica, &ana, &parts[1]).await.expect(410);
    head(&replica, &ana, &parts[0]).await.expect(200);
    // A whole waits for the part: it counts by itself when its file goes.
    let headers = [TUS, ("upload-concat", "partial"), ("upload-length", "5")];
    let begun = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    let open = begun.header("location").to_owned();
    let waiting = join(format!("final;{} {open}", parts[0])).await;
    counted((8, 5), "a part of five").await;
    remove(&twice).await;
    counted((0, 9), "the part that is waited for").await;
    patch(&replica, &ana, &open, 0, vec![1; 5]).await.expect(204);
    counted((9, 0), "the last file").await;
    remove(&open).await;
    counted((9, 0), "a part that was joined takes nothing with it").await;
    remove(&waiting).await;
    counted((0, 0), "nothing").await;
}

pub(crate) async fn roles_and_grants(mut campus: Campus) {
    campus.settings.quota_student = 10;
    campus.settings.quota_professor = 20;
    campus.settings.quota_staff = 0;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let teacher = campus.user("tomas", UserRole::Professor);
    let admin = campus.user("admin", UserRole::Admin);
    assert_eq!(quota(&replica, &ana).await, (0, 0, value!(10)));
    assert_eq!(quota(&replica, &teacher).await.2, value!(20));
    assert_eq!(quota(&replica, &campus.user("sara", UserRole::Staff)).await.2, Value::Null);
    assert_eq!(quota(&replica, &admin).await.2, Value::Null);
    begin_of(&replica, &teacher, 20).await.expect(201);
    begin_of(&replica, &admin, 1_000_000).await.expect(201);
    begin_of(&replica, &ana, 11).await.expect(507);

    let of_ana = format!("/api/v1/quotas/{}", ana.id);
    let grant = async |user: &User, body: Value| json(&replica, Some(user), Method::PUT, &of_ana, &body).await;
    for user in [&ana, &teacher] {
        grant(user, value!({"bytes": 1000})).await.expect(403);
    }
    assert_eq!(grant(&admin, value!({"bytes": 1000})).await.expect(200).json()["limit"], 1000);
    begin_of(&replica, &ana, 11).await.expect(201);
    assert_eq!(quota(&replica, &ana).await, (0, 11, value!(1000)));
    let told = get(&replica, Some(&admin), &of_ana, &[]).await.expect(200).json();
    assert_eq!(told, value!({"used": 0, "reserved": 11, "limit": 1000}));
    get(&replica, Some(&ana), &of_ana, &[]).await.expect(200);
    get(&replica, Some(&teacher), &of_ana, &[]).await.expect(403);
    get(&replica, None, &of_ana, &[]).await.expect(401);
    assert_eq!(grant(&admin, value!({"bytes": 0})).await.expect(200).json()["limit"], Value::Null);
    assert_eq!(grant(&admin, value!({"bytes": null})).await.expect(200).json()["limit"], 10);
    begin_of(&replica, &ana, 1).await.expect(507);
    for (body, field) in [
        (value!({}), "/bytes"),
        (value!({"bytes": -1}), "/bytes"),
        (value!({"bytes": "10"}), "/bytes"),
        (value!({"bytes": u64::MAX}), "/bytes"),
        (value!({"bytes": 1, "files": 2}), "/files"),
    ] {
        let refused = grant(&admin, body.clone()).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], field, "{body}: {refused}");
    }
    get(&replica, Some(&admin), "/api/v1/quotas/nobody", &[]).await.expect(404);
}

pub(crate) async fn guests_take_of_the_members(mut campus: Campus) {
    campus.settings.quota_student = 10;
    campus.settings.quota_professor = 100;
    let replica = campus.replica("files-1").await;
    let teacher = campus.user("tomas", UserRole::Professor);
    let (_, token) = voucher(&replica, &teacher, &value!({"note": ""})).await;
    begin(&replica, &token, 60, "").await.expect(201);
    assert_eq!(quota(&replica, &teacher).await, (0, 60, value!(100)));
    assert_eq!(problem(&begin(&replica, &token, 41, "").await.expect(507)), "quota");
    let told = get(&replica, None, &format!("/api/v1/vouchers/{token}/receipt"), &[]).await.expect(200).json();
    assert_eq!(
        (&told["files_left"], told["items"].as_array().map(Vec::len)),
        (&value!(9), Some(1)),
        "nothing half-kept"
    );
    begin(&replica, &token, 40, "").await.expect(201);
}
