use sea_orm::DatabaseConnection;

use super::*;
use crate::sql::sqlite::{Access, connect, prepare};

const SHORT: Lengths = Lengths { worth: 20, rest: 5, long: 60 };

struct File {
    _folder: tempfile::TempDir,
    writer: DatabaseConnection,
    /// Another process's.
    reader: DatabaseConnection,
    checkpointer: Checkpointer,
    rests: Rests,
}

impl File {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tests.db");
        prepare(folder.path(), &path).expect("a file");
        let writer = connect(&path, Access::Write).await.expect("opens");
        writer.execute_unprepared("CREATE TABLE note (text BLOB)").await.expect("a table");
        let reader = connect(&path, Access::Write).await.expect("opens");
        let other = connect(&path, Access::Checkpoint).await.expect("opens");
        let (checkpointer, rests) = Checkpointer::new(&path, other, SHORT);
        Self { _folder: folder, writer, reader, checkpointer, rests }
    }

    /// Commits at least `pages` pages.
    async fn write(&self, pages: usize) {
        let statement = format!("INSERT INTO note VALUES (zeroblob({}))", pages * 4_096);
        self.writer.execute_unprepared(&statement).await.expect("writes");
    }

    async fn journal(&self) -> Journal {
        ask(&self.writer, "NOOP").await.expect("answers")
    }
}

#[tokio::test]
async fn a_short_journal_is_left_alone() {
    let file = File::new().await;
    file.write(10).await;
    file.checkpointer.pass().await.expect("looks");
    let journal = file.journal().await;
    assert!(journal.pages > 10 && journal.copied == 0, "{} of {}", journal.copied, journal.pages);
}

#[tokio::test]
async fn what_is_worth_it_is_copied_while_the_journal_stays() {
    let file = File::new().await;
    file.write(30).await;
    file.checkpointer.pass().await.expect("copies");
    let journal = file.journal().await;
    assert!(journal.pages > 30 && journal.left() == 0, "{} of {}", journal.copied, journal.pages);
    assert!(!file.checkpointer.due.load(Ordering::Relaxed), "it is not long");
}

#[tokio::test]
async fn a_long_journal_begins_anew_though_its_end_could_not_be_copied() {
    let mut file = File::new().await;
    file.write(70).await;
    // Whoever reads what was there before the last commit keeps that commit in the journal.
    file.reader.execute_unprepared("BEGIN; SELECT COUNT(*) FROM note").await.expect("reads");
    file.write(3).await;
    file.checkpointer.pass().await.expect("copies");
    file.reader.execute_unprepared("COMMIT").await.expect("has read");
    let journal = file.journal().await;
    assert!(journal.pages > 70 && journal.left() > 0, "{} of {}", journal.copied, journal.pages);
    file.rests.copy(&file.writer).await;
    assert!(file.checkpointer.committed.try_recv().is_ok(), "it hears of commits");
    assert_eq!(file.journal().await.left(), 0);
    file.write(1).await;
    assert!(file.journal().await.pages < 10, "it was begun anew");
    // Only once.
    file.write(3).await;
    file.rests.copy(&file.writer).await;
    assert!(file.journal().await.left() > 0);
}
