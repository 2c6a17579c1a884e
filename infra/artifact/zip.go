package main

import (
	"archive/zip"
	"bytes"
	"time"
)

// programName is the file that AWS Lambda starts in a custom runtime.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
const programName = "bootstrap"

// epoch is the modification time of every program: the earliest time that a ZIP file can hold.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// zipOf returns a ZIP file that holds only the program, executable for everybody.
func zipOf(program []byte) ([]byte, error) {
	header := zip.FileHeader{Name: programName, Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o755)
	var made bytes.Buffer
	archive := zip.NewWriter(&made)
	file, err := archive.CreateHeader(&header)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(program); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return made.Bytes(), nil
}
