package environment

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

var (
	// tablePattern is a table's name or, with *, a pattern of names.
	tablePattern = regexp.MustCompile(`^[a-zA-Z0-9_.*-]+$`)
	tableARN     = regexp.MustCompile(`^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):([0-9]{12}):table/([^/]+)$`)
)

func (c checker) checkTables() {
	if len(c.e.Tables) == 0 {
		c.Add("tables", "", "missing: name at least one table, by name or ARN")
	}
	for i, table := range c.e.Tables {
		path := document.Element("tables", i)
		name := table
		if strings.HasPrefix(table, "arn:") {
			parts := tableARN.FindStringSubmatch(table)
			if parts == nil {
				c.Add(path, problem.Quote(table), "an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders")
				continue
			}
			if wrong := partition.CheckARN(table); wrong != "" {
				c.Add(path, problem.Quote(table), "%s", wrong)
			}
			name = parts[3]
			c.checkReachable(path, parts[2])
		}
		if !isTable(name) {
			c.Add(path, problem.Quote(table), "a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN")
		}
	}
	c.onceAs("tables", c.e.Tables, c.fullName)
}

// shown is a list of tables in a message.
func shown(tables []string) string {
	const most = 10
	if len(tables) <= most {
		return strings.Join(tables, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(tables[:most], ", "), len(tables)-most)
}

// checkReachable wants a role for each other account that a table is in: the functions' own roles can read no table there.
func (c checker) checkReachable(path, account string) {
	if c.e.Account == "" || account == c.e.Account || !c.Understood("sourceRoles") {
		return
	}
	for _, role := range c.e.SourceRoles {
		if own, err := request.RoleAccount(role); err == nil && own == account {
			return
		}
	}
	c.Add(path, "", "is in account %s, and sourceRoles has no role of that account that could read it", account)
}

func isTable(name string) bool {
	if !tablePattern.MatchString(name) || len(name) > 255 {
		return false
	}
	return len(name) >= 3 || strings.Contains(name, "*")
}

// tableOf is the name in a table's name or ARN.
func tableOf(nameOrARN string) string {
	if parts := tableARN.FindStringSubmatch(nameOrARN); parts != nil {
		return parts[3]
	}
	return nameOrARN
}

// fullName is the name of a table or pattern with its region and account. A table of the stack's own region and account has the same full
// name with and without its ARN.
func (c checker) fullName(nameOrARN string) string {
	parts := tableARN.FindStringSubmatch(nameOrARN)
	if parts == nil {
		return "own:" + nameOrARN
	}
	if c.e.Account != "" && parts[1] == c.e.Region && parts[2] == c.e.Account {
		return "own:" + parts[3]
	}
	return fmt.Sprintf("%s:%s:%s", parts[1], parts[2], parts[3])
}

// permits says that the environment lets a request name a table. If the stack's account is not known before it is deployed, an ARN can be
// in that account.
func (c checker) permits(table string) bool {
	return slices.ContainsFunc(c.e.Tables, func(pattern string) bool {
		if fits(c.fullName(pattern), c.fullName(table)) {
			return true
		}
		own := !strings.HasPrefix(pattern, "arn:") || !strings.HasPrefix(table, "arn:")
		return c.e.Account == "" && own && fits(tableOf(pattern), tableOf(table))
	})
}

// fits matches as IAM does with *, for names without a slash.
func fits(pattern, name string) bool {
	is, err := path.Match(pattern, name)
	return err == nil && is
}
