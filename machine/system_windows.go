package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/yusufpapurcu/wmi"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// System returns the source of this machine. Nothing is opened before the first
// question.
func System() Source { return system{} }

// system asks Windows.
type system struct{}

func (system) Computer() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// errNoProperties: properties that a class lacks are passed over, since older
// systems have fewer; without those that every system has nothing was read.
var errNoProperties = errors.New("WMI returned an object without its properties")

// query sends one WQL query to the local machine. WMI hands every unsigned
// number out as a signed one; the width of the field it goes into brings it back.
func query[T any](wql string) ([]T, error) {
	var rows []T
	client := wmi.Client{PtrNil: true, AllowMissingFields: true}
	if err := client.Query(wql, &rows); err != nil {
		return rows, fmt.Errorf("WMI: %w", err)
	}
	return rows, nil
}

func (system) Service(context.Context) (*Service, error) {
	rows, err := query[Service]("SELECT * FROM SoftwareLicensingService")
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, errors.New("WMI: there is no SoftwareLicensingService")
	case rows[0].Version == nil:
		return nil, fmt.Errorf("SoftwareLicensingService: %w", errNoProperties)
	}
	return &rows[0], nil
}

// OfficeService implements [Source]. That the class is missing is the usual case,
// and WMI words it in the language of the system: no error of the query counts.
func (system) OfficeService(context.Context) (*Service, error) {
	rows, err := query[Service]("SELECT * FROM OfficeSoftwareProtectionService")
	if err != nil || len(rows) == 0 || rows[0].Version == nil {
		return nil, nil //nolint:nilerr // see above
	}
	return &rows[0], nil
}

// Products implements [Source]. Office's own class, where it exists, has Office
// 2010, and on Windows 7 Office 2013.
func (system) Products(_ context.Context, applicationID string) ([]Product, error) {
	const where = " WHERE ApplicationID='%s' AND PartialProductKey IS NOT NULL"
	rows, err := query[Product]("SELECT * FROM SoftwareLicensingProduct" + fmt.Sprintf(where, applicationID))
	if err == nil && slices.ContainsFunc(rows, func(p Product) bool { return p.ID == nil }) {
		return nil, fmt.Errorf("SoftwareLicensingProduct: %w", errNoProperties)
	}
	if err != nil || applicationID == catalog.WindowsAppID {
		return rows, err
	}
	office, problem := query[Product]("SELECT * FROM OfficeSoftwareProtectionProduct" + fmt.Sprintf(where, applicationID))
	if problem == nil {
		rows = append(rows, slices.DeleteFunc(office, func(p Product) bool { return p.ID == nil })...)
	}
	return rows, nil
}
