package machine

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Services implements [Source] with the rights that every user has: to connect
// to the service manager and to query a service.
func (system) Services(_ context.Context, names []string) ([]ServiceState, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, fmt.Errorf("service manager: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	var out []ServiceState
	var problems []error
	for _, name := range names {
		state, err := serviceState(manager, name)
		if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("service %s: %w", name, err))
		}
		if state.Name != "" {
			out = append(out, state)
		}
	}
	return out, errors.Join(problems...)
}

func serviceState(manager windows.Handle, name string) (ServiceState, error) {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return ServiceState{}, err
	}
	handle, err := windows.OpenService(manager, text, windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	readable := err == nil
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		handle, err = windows.OpenService(manager, text, windows.SERVICE_QUERY_STATUS)
	}
	if err != nil {
		return ServiceState{}, err
	}
	defer func() { _ = windows.CloseServiceHandle(handle) }()
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(handle, &status); err != nil {
		return ServiceState{}, err
	}
	s := ServiceState{Name: name, Status: "Stopped"}
	if status.CurrentState == windows.SERVICE_RUNNING || status.CurrentState == windows.SERVICE_START_PENDING {
		s.Status = "Running"
	}
	if !readable {
		return s, nil
	}
	if s.StartType, err = startType(handle); err != nil {
		return s, fmt.Errorf("start type: %w", err)
	}
	return s, nil
}

// startType is how a service starts; "" for a way of drivers.
func startType(service windows.Handle) (string, error) {
	buffer := make([]byte, 8<<10) // the most that the system gives
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	var needed uint32
	if err := windows.QueryServiceConfig(service, config, uint32(len(buffer)), &needed); err != nil {
		return "", err
	}
	return map[uint32]string{
		windows.SERVICE_AUTO_START: "Automatic", windows.SERVICE_DEMAND_START: "Manual", windows.SERVICE_DISABLED: "Disabled",
	}[config.StartType], nil
}
