// Uploads one file with the uploader of the vendor's Go SDK v2 and prints the measurements as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

func cpuSeconds() (float64, int64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime), usage.Maxrss * 1024
}

// Arguments: endpoint, file, part size in bytes, concurrent parts.
func main() {
	endpoint, file := os.Args[1], os.Args[2]
	partSize, _ := strconv.ParseInt(os.Args[3], 10, 64)
	concurrency, _ := strconv.Atoi(os.Args[4])
	config := oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench-secret")).
		WithRegion("cn-hangzhou").WithEndpoint(endpoint).WithUsePathStyle(true)
	uploader := oss.NewUploader(oss.NewClient(config), func(options *oss.UploaderOptions) {
		options.PartSize = partSize
		options.ParallelNum = concurrency
	})
	before, _ := cpuSeconds()
	startedAt := time.Now()
	request := &oss.PutObjectRequest{Bucket: oss.Ptr("bench"), Key: oss.Ptr("disk.raw")}
	if _, err := uploader.UploadFile(context.Background(), request, file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	seconds := time.Since(startedAt).Seconds()
	after, memory := cpuSeconds()
	json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": seconds, "cpuSeconds": after - before, "memory": memory})
}
