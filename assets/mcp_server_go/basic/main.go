// An MCP server over stdin and stdout, with one tool.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// greeting is what the tool is called with. The tags name and describe the properties of its schema.
type greeting struct {
	Name string `json:"name" jsonschema:"who is greeted"`
}

func greet(_ context.Context, _ *mcp.CallToolRequest, args greeting) (*mcp.CallToolResult, any, error) {
	if args.Name == "" {
		// An error becomes a result that the model can read and react to.
		return nil, nil, fmt.Errorf("a name is needed")
	}
	text := fmt.Sprintf("Hi %s", args.Name)
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
}

func main() {
	server := mcp.NewServer(&mcp.Implementation{Name: "SERVER_NAME", Version: "0.1.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "greet", Description: "Greets somebody"}, greet)
	// Stdout belongs to the protocol: write to stderr, as log does.
	if err := server.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		log.Fatal(err)
	}
}
