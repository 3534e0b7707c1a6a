package report

// For the tests that stand outside the package.
var (
	LoadSchema = loadSchema
	Validate   = validate
)
