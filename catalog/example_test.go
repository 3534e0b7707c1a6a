package catalog_test

import (
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
)

func ExampleProductByName() {
	c, err := catalog.ProductByName("win11 edu")
	fmt.Println(c.Name(), c.Product.Group.N, c.Product.GVLK(), err)
	_, err = catalog.ProductByName("ltsc 2021")
	fmt.Println(err)
	// Output:
	// Windows 11 Education 25 NW6C2-QMPVW-D7KKK-3GKT6-VCFB2 <nil>
	// catalog: "ltsc 2021" could be any of: Office LTSC Professional Plus 2021, Windows 10 Enterprise LTSC 2021
}

func ExampleJudgeEPID() {
	e, err := kms.ParseEPID("05426-00206-586-025264-03-1033-9200.0000-2602021")
	if err != nil {
		fmt.Println(err)
		return
	}
	id := catalog.JudgeEPID(e, time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC))
	fmt.Println(id.KeyName(), "key on", id.BuildName)
	for _, c := range id.Contradictions {
		fmt.Println(c.Text)
	}
	// Output:
	// Office LTSC 2021 key on Windows 8 / Server 2012
	// by Microsoft's list the Office LTSC 2021 key cannot be installed on Windows 8 / Server 2012: that system is too old for it
}
