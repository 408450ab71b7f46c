#![doc = include_str!("../README.md")]

pub mod claim;
pub mod disk;
pub mod figures;
pub mod files;
pub mod mariadb;
pub mod net;
pub mod process;
pub mod proxy;
pub mod redis;

/// Makes each case (`module::function`, which takes a `&Campus`) a test on SQLite and one on MariaDB. The caller's `Campus`
/// begins with `sqlite` and `mariadb`.
#[macro_export]
macro_rules! on_both_engines {
    ($($module:ident::$case:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$module::$case(&super::Campus::sqlite().await).await;
            })*
        }
        mod on_mariadb {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$module::$case(&super::Campus::mariadb().await).await;
            })*
        }
    };
}
