CREATE TABLE grades (
    id INTEGER PRIMARY KEY,
    carnet BIGINT NOT NULL,
    nombre VARCHAR(200) NOT NULL,
    curso VARCHAR(16) NOT NULL,
    nota INT NOT NULL,
    semestre VARCHAR(2) NOT NULL,
    year INT NOT NULL
);
