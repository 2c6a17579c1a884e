package request

import (
	"fmt"

	"dynamodb-to-s3/lambda/problem"
)

// Table is a table by its name or ARN.
type Table struct {
	// Region and Account are empty for a name.
	Region, Account, Name string
}

// ParseTable reads a table's name or its ARN, arn:<partition>:dynamodb:<region>:<account>:table/<name>.
func ParseTable(nameOrARN string) (Table, error) {
	parts := tableForm().FindStringSubmatch(nameOrARN)
	if parts == nil {
		return Table{}, fmt.Errorf("got %s, want %s", problem.Quote(nameOrARN), rules["table"])
	}
	return Table{Region: parts[1], Account: parts[2], Name: parts[3]}, nil
}
