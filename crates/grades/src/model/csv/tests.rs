use proptest::prelude::*;

use super::*;

fn rules() -> Rules {
    Rules::new(["SO1".to_owned(), "BD1".to_owned()], 61)
}

fn anything(_: &Record) -> Result<(), Fault> {
    Ok(())
}

fn faults(table: &[u8]) -> Vec<String> {
    let found = read(table, &rules(), anything).expect_err("something is wrong");
    found.iter().map(|fault| format!("{} {} {}", fault.line, fault.field.unwrap_or("-"), fault.code)).collect()
}

#[test]
fn commas_semicolons_marks_quotes_and_any_order_are_read() {
    let expected = Record {
        carnet: 233_233,
        nombre: "Peña, \"Ana\"".to_owned(),
        curso: "SO1".to_owned(),
        nota: 90,
        semestre: Semester::Second,
        year: 2023,
    };
    for table in [
        "carnet,nombre,curso,nota,semestre,year\n233233,\"Peña, \"\"Ana\"\"\",SO1,90,2S,2023\n",
        "\u{feff}carnet;nombre;curso;nota;semestre;year\r\n233233;\"Peña, \"\"Ana\"\"\";SO1;90;2S;2023",
        "YEAR, Semestre ,nota,curso,carnet,nombre\r\n\r\n2023,2S, 90 ,SO1,233233,\"Peña, \"\"Ana\"\"\"\r\n\r\n",
    ] {
        assert_eq!(read(table.as_bytes(), &rules(), anything), Ok(vec![expected.clone()]), "{table}");
    }
}

#[test]
fn each_bad_line_is_told_with_its_column() {
    let table = "carnet,nombre,curso,nota,semestre,year\n\
                 1,Ana,SO1,90,2S,2023\n\
                 x,Ana,SO1,90.5,3S,\n\
                 2,,XX,101,1S,1800\n\
                 3,Ana,SO1,90,2S\n\
                 \n\
                 1,Ana,SO1,80,2S,2023\n\
                 4,\"Ana\"x,SO1,90,2S,2023\n\
                 5,\"Ana\nMaría\",SO1,90,2S,2023\n\
                 6,Ana,SO1,-1,2S,2023\n";
    assert_eq!(
        faults(table.as_bytes()),
        [
            "3 carnet type",
            "3 nota type",
            "3 year type",
            "3 semestre choice",
            "4 nombre length",
            "4 curso choice",
            "4 nota range",
            "4 year range",
            "5 - cells",
            "7 - repeated",
            "8 - quotes",
            "9 nombre value",
            "11 nota range",
        ]
    );
}

#[test]
fn the_first_line_must_name_the_columns() {
    for (table, expected) in [
        ("", "1 - missing"),
        ("\n\n", "1 - missing"),
        ("carnet,nombre,curso,nota,semestre,year\n", "1 - missing"),
        ("carnet,nombre,curso,nota,semestre\n", "1 year missing"),
        ("carnet,nombre,curso,nota,semestre,year,year\n", "1 - repeated"),
        ("carnet,nombre,curso,nota,semestre,año\n", "1 - unknown"),
        ("carnet\tnombre\tcurso\tnota\tsemestre\tyear\n", "1 - unknown"),
        ("carnet|nombre|curso|nota|semestre|year\n", "1 - unknown"),
        ("1,Ana,SO1,90,2S,2023\n", "1 - unknown"),
        ("\"carnet,nombre\n1,Ana\n", "1 - quotes"),
    ] {
        assert_eq!(faults(table.as_bytes()), [expected], "{table}");
    }
}

#[test]
fn another_encoding_is_told_with_its_line() {
    let latin = b"carnet,nombre,curso,nota,semestre,year\n1,Ana,SO1,90,2S,2023\n2,Pe\xf1a,SO1,90,2S,2023\n";
    assert_eq!(faults(latin), ["3 - encoding"]);
    assert_eq!(faults(b"\xff\xfec\0a\0r\0"), ["1 - encoding"]);
}

#[test]
fn what_may_not_be_entered_is_told_like_what_is_wrong() {
    let table = b"carnet,nombre,curso,nota,semestre,year\n1,Ana,SO1,90,2S,2023\n1,Ana,BD1,90,2S,2023\n";
    let found = read(table, &rules(), |record| {
        let fault = Fault { field: "curso", code: "forbidden", detail: "not yours".to_owned() };
        if record.curso == "BD1" { Err(fault) } else { Ok(()) }
    });
    let expected = LineFault { line: 3, field: Some("curso"), code: "forbidden", detail: "not yours".to_owned() };
    assert_eq!(found, Err(vec![expected]));
}

proptest! {
    /// Whatever the bytes, it ends, and says something.
    #[test]
    fn no_table_is_too_damaged(table in proptest::collection::vec(prop_oneof![
        Just(b','), Just(b';'), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()
    ], 0..200)) {
        prop_assert!(read(&table, &rules(), anything).is_err());
        let mut headed = b"carnet,nombre,curso,nota,semestre,year\n".to_vec();
        headed.extend(table);
        if let Err(faults) = read(&headed, &rules(), anything) {
            prop_assert!(!faults.is_empty());
        }
    }

    /// What is written for a spreadsheet is read back.
    #[test]
    fn a_written_table_reads_back(names in proptest::collection::vec("[^'\\pC\\pZ][^\\pC]{0,20}[^\\pC\\pZ]", 1..20)) {
        let records: Vec<Record> = (1..).zip(&names).map(|(carnet, nombre)| Record {
            carnet, nombre: nombre.clone(), curso: "SO1".to_owned(), nota: 61, semestre: Semester::First, year: 2023,
        }).collect();
        let mut table = api::csv::line(&COLUMNS);
        for record in &records {
            table.push_str(&record.csv_line());
        }
        prop_assert_eq!(read(table.as_bytes(), &rules(), anything), Ok(records));
    }
}
